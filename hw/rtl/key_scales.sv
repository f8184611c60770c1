// What scores need of the keys, docs/numerics.md, section 3.5: each head's least exponent e0, and each key's mantissa
// c = round_shift(m (x) Lambda, e - e0), Outputs keys a word, as channel constants are read.
//
// The keys' row scales come in any order; after the last of them the mantissas are made, one a cycle, in heads * tokens + 4
// cycles.
module key_scales #(
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// Powers of two.
  parameter int MaxTokens = edgemoe_pkg::MaxTokens,
  /// Heads of attention at most, a power of two.
  parameter int MaxHeads = edgemoe_pkg::MaxHeads
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  /// Lambda: a constant of head_dim.
  input  logic [14:0] lambda_i,
  /// At least 1; they stay as they are until done_o.
  input  logic [$clog2(MaxTokens+1)-1:0] tokens_i,
  input  logic [$clog2(MaxHeads+1)-1:0] heads_i,
  // A key's row scale. The first after done_o, or after reset, forgets the keys before it.
  input  logic write_i,
  input  logic [$clog2(MaxHeads)-1:0] write_head_i,
  input  logic [$clog2(MaxTokens)-1:0] write_key_i,
  input  logic [14:0] write_mantissa_i,
  input  logic [7:0] write_exponent_i,
  /// All heads' last.
  input  logic write_last_i,
  /// Everything is there to read, until the next key comes.
  output logic done_o,
  // A cycle after the address. Keys beyond the last of a tile have any mantissa.
  /// head * (MaxTokens / Outputs) + tile.
  input  logic [$clog2(MaxHeads*MaxTokens/Outputs)-1:0] read_addr_i,
  output logic [Outputs*16-1:0] mantissas_o,
  input  logic [$clog2(MaxHeads)-1:0] read_head_i,
  output logic [7:0] exponent_o
);
  localparam int HeadWidth = $clog2(MaxHeads);
  localparam int KeyWidth = $clog2(MaxTokens);
  localparam int LaneWidth = $clog2(Outputs);
  localparam int Words = MaxHeads * MaxTokens / Outputs;

  // Scales as they come; the least exponent of each head's keys that are not all zero.
  logic [MaxHeads*8-1:0] least_q;
  logic [MaxHeads-1:0] any_q;
  logic collecting_q;  // the first key has come
  for (genvar h = 0; h < MaxHeads; h++) begin : gen_least
    logic here, any, lower;
    assign here = write_i && write_head_i == HeadWidth'(h) && write_mantissa_i != '0;
    assign any = collecting_q && any_q[h];
    assign lower = write_exponent_i < least_q[h*8 +: 8];
    always_ff @(posedge clk_i) begin
      if (write_i) any_q[h] <= any || here;
      if (here && (!any || lower)) least_q[h*8 +: 8] <= write_exponent_i;
      else if (write_i && !any) least_q[h*8 +: 8] <= '0;
    end
  end

  logic [KeyWidth+HeadWidth-1:0] key_addr;
  logic [22:0] scale;
  logic [HeadWidth-1:0] head_q;
  logic [KeyWidth-1:0] key_q;
  logic making_q, last_key, last_head;
  assign key_addr = {head_q, key_q};
  assign last_key = 32'(key_q) + 1 == 32'(tokens_i);
  assign last_head = 32'(head_q) + 1 == 32'(heads_i);
  ram_1r1w #(.Width(23), .Depth(MaxHeads*MaxTokens)) u_scales (
    .clk_i, .write_i, .waddr_i({write_head_i, write_key_i}), .wdata_i({write_exponent_i, write_mantissa_i}),
    .raddr_i(key_addr), .rdata_o(scale)
  );

  // 1: read | 2: multiplied | 3: rounded | 4: shifted, then rounded and written
  localparam int Latency = 4;
  logic [Latency-1:0] make_q, make_last_q;
  logic [Latency*(KeyWidth+HeadWidth)-1:0] addrs_q;
  always_ff @(posedge clk_i) begin
    make_q <= rst_ni ? {make_q[Latency-2:0], making_q} : '0;
    make_last_q <= {make_last_q[Latency-2:0], last_key && last_head};
    addrs_q <= {addrs_q[(Latency-1)*(KeyWidth+HeadWidth)-1:0], key_addr};
    if (!rst_ni) begin
      collecting_q <= 1'b0;
      making_q <= 1'b0;
      done_o <= 1'b0;
    end else begin
      if (write_i) begin
        collecting_q <= !write_last_i;
        done_o <= 1'b0;
        making_q <= write_last_i;
      end else begin
        if (making_q && last_key && last_head) making_q <= 1'b0;
        if (make_q[Latency-1] && make_last_q[Latency-1]) done_o <= 1'b1;
      end
    end
    if (write_i) begin
      head_q <= '0;
      key_q <= '0;
    end else if (making_q) begin
      key_q <= last_key ? '0 : key_q + 1'b1;
      if (last_key) head_q <= head_q + 1'b1;
    end
  end

  logic [29:0] product_q;
  logic [15:0] channel_q, halved_q;
  logic [7:0] exponent2_q, distance3_q;
  logic [HeadWidth-1:0] head2;
  logic [15:0] mantissa;
  logic [KeyWidth+HeadWidth-1:0] write_addr;
  assign head2 = addrs_q[KeyWidth+KeyWidth+HeadWidth +: HeadWidth];
  assign mantissa = (halved_q >> 1) + {15'b0, halved_q[0]};
  assign write_addr = addrs_q[Latency*(KeyWidth+HeadWidth)-1 -: KeyWidth+HeadWidth];
  always_ff @(posedge clk_i) begin
    product_q <= 30'(scale[14:0]) * 30'(lambda_i);
    exponent2_q <= scale[22:15];
    channel_q <= 16'((product_q + 30'd16384) >> 15);
    // A key of zeros has exponent 0: nothing comes of it whatever the distance.
    distance3_q <= exponent2_q - least_q[32'(head2)*8 +: 8];
    // One bit is kept that rounds.
    halved_q <= distance3_q > 8'd16 ? '0 : 16'({channel_q, 1'b0} >> distance3_q);
  end

  logic [Outputs-1:0] write_lane;
  for (genvar o = 0; o < Outputs; o++) begin : gen_lane
    assign write_lane[o] = make_q[Latency-1] && write_addr[LaneWidth-1:0] == LaneWidth'(o);
  end
  ram_1r1w_be #(.Width(Outputs*16), .Depth(Words), .PartWidth(16)) u_mantissas (
    .clk_i, .write_i(write_lane), .waddr_i(write_addr[KeyWidth+HeadWidth-1:LaneWidth]), .wdata_i({Outputs{mantissa}}),
    .raddr_i(read_addr_i), .rdata_o(mantissas_o)
  );
  always_ff @(posedge clk_i) exponent_o <= least_q[32'(read_head_i)*8 +: 8];

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && write_i && (making_q || (|make_q && !done_o))) $error("key_scales: a key while the mantissas are made");
  end
`endif
endmodule
