// Number of bits of a magnitude: 0 for 0, 1 for 1, 8 for 255.
module bit_length #(
  parameter int Width = 16
) (
  input  logic [Width-1:0] value_i,
  output logic [$clog2(Width+1)-1:0] length_o
);
  localparam int LengthWidth = $clog2(Width + 1);
  always_comb begin
    length_o = '0;
    for (int i = 0; i < Width; i++) begin
      if (value_i[i]) length_o = LengthWidth'(i + 1);
    end
  end
endmodule
