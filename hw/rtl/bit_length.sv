// Number of bits of a magnitude: 0 for 0, 1 for 1, 8 for 255. First within groups of 8 bits, then among groups: as one chain over
// all bits it would be as deep as it is wide.
module bit_length #(
  /// Bits of the magnitude.
  parameter int Width = 16
) (
  /// The magnitude.
  input  logic [Width-1:0] value_i,
  /// Its bits, in the same cycle.
  output logic [$clog2(Width+1)-1:0] length_o
);
  localparam int LengthWidth = $clog2(Width + 1);
  localparam int Groups = (Width + 7) / 8;
  logic [Groups*8-1:0] value;
  logic [Groups*4-1:0] lengths;
  assign value = (Groups*8)'(value_i);
  for (genvar g = 0; g < Groups; g++) begin : gen_group
    logic [7:0] bits;
    logic [3:0] length;
    assign bits = value[g*8 +: 8];
    always_comb begin
      length = '0;
      for (int i = 0; i < 8; i++) begin
        if (bits[i]) length = 4'(i + 1);
      end
    end
    assign lengths[g*4 +: 4] = length;
  end
  always_comb begin
    length_o = '0;
    for (int g = 0; g < Groups; g++) begin
      if (lengths[g*4 +: 4] != '0) length_o = LengthWidth'(8 * g) + LengthWidth'(lengths[g*4 +: 4]);
    end
  end
endmodule
