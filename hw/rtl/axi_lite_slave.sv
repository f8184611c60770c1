// AXI4-Lite to plain register accesses, one at a time in each direction. Address and data of a write may come in any order.
module axi_lite_slave #(
  /// Bits of a register's byte address.
  parameter int AddressWidth = 12
) (
  input  logic clk_i,
  input  logic rst_ni,
  // AXI4-Lite
  input  logic awvalid_i,
  output logic awready_o,
  input  logic [AddressWidth-1:0] awaddr_i,
  input  logic wvalid_i,
  output logic wready_o,
  input  logic [31:0] wdata_i,
  input  logic [3:0] wstrb_i,
  output logic bvalid_o,
  input  logic bready_i,
  output logic [1:0] bresp_o,
  input  logic arvalid_i,
  output logic arready_o,
  input  logic [AddressWidth-1:0] araddr_i,
  output logic rvalid_o,
  input  logic rready_i,
  output logic [31:0] rdata_o,
  output logic [1:0] rresp_o,
  /// A write of a whole word in this cycle; write_error_i in the same cycle refuses it. Writes of parts of a word are refused here.
  output logic write_o,
  output logic [AddressWidth-1:0] write_address_o,
  output logic [31:0] write_data_o,
  input  logic write_error_i,
  /// What is to be read; data and error in the same cycle.
  output logic [AddressWidth-1:0] read_address_o,
  input  logic [31:0] read_data_i,
  input  logic read_error_i
);
  localparam logic [1:0] Okay = 2'b00, SlaveError = 2'b10;

  logic address_q, data_q, both, whole;
  logic [3:0] strobe_q;
  assign awready_o = rst_ni && !address_q;
  assign wready_o = rst_ni && !data_q;
  assign both = address_q && data_q && !bvalid_o;
  assign whole = strobe_q == 4'hf;
  assign write_o = both && whole;
  always_ff @(posedge clk_i) begin
    if (awvalid_i && awready_o) write_address_o <= awaddr_i;
    if (wvalid_i && wready_o) begin
      write_data_o <= wdata_i;
      strobe_q <= wstrb_i;
    end
    if (both) bresp_o <= !whole || write_error_i ? SlaveError : Okay;
    if (!rst_ni) begin
      address_q <= 1'b0;
      data_q <= 1'b0;
      bvalid_o <= 1'b0;
    end else begin
      address_q <= (address_q || awvalid_i) && !both;
      data_q <= (data_q || wvalid_i) && !both;
      bvalid_o <= both || (bvalid_o && !bready_i);
    end
  end

  logic read_q;
  assign arready_o = rst_ni && !read_q && !rvalid_o;
  always_ff @(posedge clk_i) begin
    if (arvalid_i && arready_o) read_address_o <= araddr_i;
    if (read_q) begin
      rdata_o <= read_data_i;
      rresp_o <= read_error_i ? SlaveError : Okay;
    end
    if (!rst_ni) begin
      read_q <= 1'b0;
      rvalid_o <= 1'b0;
    end else begin
      read_q <= arvalid_i && arready_o;
      rvalid_o <= read_q || (rvalid_o && !rready_i);
    end
  end
endmodule
