// Rows of int8 for the array, a group of Tokens rows side by side. Written a beat of one row at a time, read a step of all
// rows at a time, bank k a cycle after bank k - 1, which is the skew that the chains need.
//
// Word a holds one step of one group: byte (bank * Chains + chain) * Tokens + token, element chain * 8 + bank of the step. A
// beat is Outputs elements, which are Ways = Outputs / (8 * Chains) steps: words with the same a % Ways are in one memory, so
// that a beat is written in one cycle. Rows are whole beats and start at multiples of Ways.
module activation_memory #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens,
  /// Elements of a beat, a multiple of 8 * Chains.
  parameter int Outputs = edgemoe_pkg::ArrayOutputs,
  /// DSP chains of a sum, 8 products each: a step is 8 * Chains inputs.
  parameter int Chains = edgemoe_pkg::ArrayChains,
  /// A power of two.
  parameter int Words = edgemoe_pkg::ActivationWords
) (
  input  logic clk_i,
  /// Writes a beat of one token: element i goes to word write_addr_i + i / (8 * Chains). write_addr_i is a multiple of Ways.
  input  logic write_i,
  input  logic [$clog2(Words)-1:0] write_addr_i,
  input  logic [$clog2(Tokens)-1:0] write_token_i,
  input  logic [Outputs*8-1:0] write_data_i,
  /// Writes a whole word; not together with write_i.
  input  logic load_i,
  input  logic [$clog2(Words)-1:0] load_addr_i,
  input  logic [edgemoe_pkg::ChainLength*Chains*Tokens*8-1:0] load_data_i,
  /// What bank 0 reads; bank k does k cycles later.
  input  logic [$clog2(Words)-1:0] read_addr_i,
  /// Byte (bank * Chains + chain) * Tokens + token, as array_tile takes it: bank k is there k + 1 cycles after its address
  /// came. A word that is written while it is read is undefined.
  output logic [edgemoe_pkg::ChainLength*Chains*Tokens*8-1:0] data_o
);
  localparam int Banks = edgemoe_pkg::ChainLength;
  localparam int Step = Banks * Chains;
  localparam int Ways = Outputs / Step;
  localparam int WayWidth = $clog2(Ways);
  localparam int AddressWidth = $clog2(Words);
  localparam int LineWidth = AddressWidth - WayWidth;
  /// Bytes of a bank's word.
  localparam int BankBytes = Chains * Tokens;

  if (Outputs % Step != 0) begin : gen_ragged
    $error("activation_memory: Outputs must be a multiple of 8 * Chains, a beat is written as whole steps");
  end

  // Each bank reads what the one before it read a cycle ago.
  logic [Banks*AddressWidth-1:0] read_addrs;
  assign read_addrs[AddressWidth-1:0] = read_addr_i;
  for (genvar k = 1; k < Banks; k++) begin : gen_skew
    delay_line #(.Width(AddressWidth), .Cycles(1)) u_addr (
      .clk_i, .data_i(read_addrs[(k-1)*AddressWidth +: AddressWidth]),
      .data_o(read_addrs[k*AddressWidth +: AddressWidth])
    );
  end

  logic [Ways*Banks*BankBytes*8-1:0] ways;
  for (genvar w = 0; w < Ways; w++) begin : gen_way
    logic load_way;
    if (Ways == 1) begin : gen_only
      assign load_way = load_i;
    end else begin : gen_one
      assign load_way = load_i && load_addr_i[WayWidth-1:0] == WayWidth'(w);
    end
    for (genvar k = 0; k < Banks; k++) begin : gen_bank
      for (genvar t = 0; t < Tokens; t++) begin : gen_token
        logic write;
        logic [Chains*8-1:0] beat_bytes, load_bytes, word;
        assign write = write_i && 32'(write_token_i) == t;
        for (genvar c = 0; c < Chains; c++) begin : gen_chain
          assign beat_bytes[c*8 +: 8] = write_data_i[(w*Step+c*Banks+k)*8 +: 8];
          assign load_bytes[c*8 +: 8] = load_data_i[((k*Chains+c)*Tokens+t)*8 +: 8];
          assign ways[((w*Banks+k)*BankBytes+c*Tokens+t)*8 +: 8] = word[c*8 +: 8];
        end
        ram_1r1w #(.Width(Chains*8), .Depth(Words/Ways)) u_bytes (
          .clk_i, .write_i(write || load_way),
          .waddr_i(load_i ? load_addr_i[AddressWidth-1 -: LineWidth] : write_addr_i[AddressWidth-1 -: LineWidth]),
          .wdata_i(load_i ? load_bytes : beat_bytes),
          .raddr_i(read_addrs[(k+1)*AddressWidth-1 -: LineWidth]), .rdata_o(word)
        );
      end
    end
  end

  if (Ways == 1) begin : gen_direct
    assign data_o = ways;
  end else begin : gen_choose
    for (genvar k = 0; k < Banks; k++) begin : gen_bank
      logic [WayWidth-1:0] way_q;
      logic [BankBytes*8-1:0] step;
      always_ff @(posedge clk_i) way_q <= read_addrs[k*AddressWidth +: WayWidth];
      // A choice among Ways words; a part select by a variable would be a shifter of all of them.
      always_comb begin
        step = ways[k*BankBytes*8 +: BankBytes*8];
        for (int w = 1; w < Ways; w++) begin
          if (way_q == WayWidth'(w)) step = ways[(w*Banks+k)*BankBytes*8 +: BankBytes*8];
        end
      end
      assign data_o[k*BankBytes*8 +: BankBytes*8] = step;
    end
    logic unused_way;
    assign unused_way = ^write_addr_i[WayWidth-1:0];
  end
endmodule
