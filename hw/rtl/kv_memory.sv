// Keys and values of all heads, read as the weight ring is: a step of Outputs columns a cycle, bank k a cycle after bank k - 1.
// Word a, bank k: byte chain * Outputs + output.
//
//   keys    word of (head, tile of Outputs keys, step of the head's dimensions): output is the key, chain * 8 + bank the dimension
//   values  word of (head, tile of Outputs dimensions, step of 8 * Chains keys): output is the dimension, chain * 8 + bank the key
//
// A beat of values, Outputs dimensions of one key, is one write. A beat of keys is one in each of its Ways = Outputs /
// (8 * Chains) steps; key beats wait in a queue, values go first.
module kv_memory #(
  /// Columns of the array: elements of a beat. A power of two.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// A power of two.
  parameter int Words = edgemoe_pkg::KeyValueWords,
  /// Beats of keys that can wait, a power of two: who sends them counts (row_path's PacedDepth).
  parameter int KeyDepth = 64
) (
  input  logic clk_i,
  /// Synchronous; control only.
  input  logic rst_ni,
  // A beat of a key: dimension i goes to word key_addr_i + i / (8 * Chains). Keys beyond the last of a tile are never written:
  // what their scores are does not matter.
  input  logic key_valid_i,
  input  logic [$clog2(Words)-1:0] key_addr_i,
  /// The key's place in its tile.
  input  logic [$clog2(Outputs)-1:0] key_output_i,
  input  logic [Outputs*8-1:0] key_data_i,
  /// A beat of keys is written; room for another.
  output logic key_done_o,
  /// No beat of keys waits.
  output logic keys_idle_o,
  // A beat of a value, never refused; a step's keys ascending. Its first clears the others: a step's keys beyond the last are 0.
  input  logic value_valid_i,
  input  logic [$clog2(Words)-1:0] value_addr_i,
  /// The key's place in its step: chain * 8 + bank.
  input  logic [$clog2(edgemoe_pkg::ChainLength*Chains)-1:0] value_place_i,
  input  logic [Outputs*8-1:0] value_data_i,
  /// What bank 0 reads; bank k does k cycles later.
  input  logic [$clog2(Words)-1:0] read_addr_i,
  /// Byte (bank * Chains + chain) * Outputs + output, as array_tile takes it: bank k is there k + 1 cycles after its address
  /// came. A word that is written while it is read is undefined.
  output logic [edgemoe_pkg::ChainLength*Chains*Outputs*8-1:0] data_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int Step = Banks * Chains;
  localparam int Ways = Outputs / Step;
  localparam int AddressWidth = $clog2(Words);
  localparam int OutputWidth = $clog2(Outputs);
  localparam int PlaceWidth = $clog2(Step);
  localparam int WayWidth = Ways > 1 ? $clog2(Ways) : 1;

  if (Outputs % Step != 0) begin : gen_ragged
    $error("kv_memory: Outputs must be a multiple of 8 * Chains, a beat is written as whole steps");
  end

  logic key_ready, key_waits, key_write;
  logic [AddressWidth-1:0] key_addr;
  logic [OutputWidth-1:0] key_output;
  logic [Outputs*8-1:0] key_data;
  logic [$clog2(KeyDepth):0] key_count;
  logic [WayWidth-1:0] way_q;
  fifo #(.Width(AddressWidth+OutputWidth+Outputs*8), .Depth(KeyDepth)) u_keys (
    .clk_i, .rst_ni, .valid_i(key_valid_i), .ready_o(key_ready), .data_i({key_addr_i, key_output_i, key_data_i}),
    .valid_o(key_waits), .ready_i(key_done_o), .data_o({key_addr, key_output, key_data}), .count_o(key_count)
  );
  assign key_write = key_waits && !value_valid_i;
  assign key_done_o = key_write && 32'(way_q) == Ways - 1;
  assign keys_idle_o = !key_waits;
  always_ff @(posedge clk_i) begin
    if (!rst_ni) way_q <= '0;
    else if (key_write) way_q <= key_done_o ? '0 : way_q + 1'b1;
  end

  // The key's bytes of the step that is written: element chain * 8 + bank.
  logic [Step*8-1:0] key_step;
  assign key_step = key_data[32'(way_q)*Step*8 +: Step*8];

  logic [AddressWidth-1:0] write_addr;
  logic [Banks*AddressWidth-1:0] read_addrs;
  assign write_addr = value_valid_i ? value_addr_i : key_addr + AddressWidth'(way_q);
  assign read_addrs[AddressWidth-1:0] = read_addr_i;
  for (genvar k = 0; k < Banks; k++) begin : gen_bank
    if (k > 0) begin : gen_skew
      delay_line #(.Width(AddressWidth), .Cycles(1)) u_addr (
        .clk_i, .data_i(read_addrs[(k-1)*AddressWidth +: AddressWidth]),
        .data_o(read_addrs[k*AddressWidth +: AddressWidth])
      );
    end
    logic [Chains*Outputs-1:0] write;
    logic [Chains*Outputs*8-1:0] write_data;
    for (genvar c = 0; c < Chains; c++) begin : gen_chain
      logic value_here;
      assign value_here = value_place_i == PlaceWidth'(c * Banks + k);
      for (genvar o = 0; o < Outputs; o++) begin : gen_output
        assign write[c*Outputs+o] = value_valid_i ? value_here || value_place_i == '0
                                                  : key_write && key_output == OutputWidth'(o);
        assign write_data[(c*Outputs+o)*8 +: 8] =
          !value_valid_i ? key_step[(c*Banks+k)*8 +: 8] : value_here ? value_data_i[o*8 +: 8] : '0;
      end
    end
    ram_1r1w_be #(.Width(Chains*Outputs*8), .Depth(Words)) u_bytes (
      .clk_i, .write_i(write), .waddr_i(write_addr), .wdata_i(write_data),
      .raddr_i(read_addrs[k*AddressWidth +: AddressWidth]), .rdata_o(data_o[k*Chains*Outputs*8 +: Chains*Outputs*8])
    );
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && key_valid_i && !key_ready) $error("kv_memory: a beat of keys without room");
    for (int i = 0; i < Outputs; i++) begin
      if (rst_ni && key_valid_i && key_data_i[i*8 +: 8] == 8'h80) $error("kv_memory: a key of -128, expected within +-127");
      if (rst_ni && value_valid_i && value_data_i[i*8 +: 8] == 8'h80) $error("kv_memory: a value of -128, expected within +-127");
    end
  end
`endif
  logic unused_fifo;
  assign unused_fifo = ^{key_ready, key_count};
endmodule
