// The beats of the next burst of a transfer: up to the end of the aligned block of BurstBeats beats that it begins in, and no more
// than are left.
module burst_size #(
  /// Bytes of a beat, a power of two.
  parameter int DataBytes = 8,
  /// A power of two.
  parameter int BurstBeats = 16,
  /// Bits of the memory's byte addresses, 32 to 64.
  parameter int AddressWidth = 40,
  /// Bits of the count of beats that are left.
  parameter int CountWidth = 32
) (
  /// A multiple of DataBytes.
  input  logic [AddressWidth-1:0] address_i,
  /// Beats that are left, at least 1.
  input  logic [CountWidth-1:0] left_i,
  output logic [$clog2(BurstBeats):0] beats_o
);
  localparam int BeatWidth = $clog2(BurstBeats) + 1;
  localparam int ByteWidth = $clog2(DataBytes);

  logic [BeatWidth-1:0] to_boundary;
  assign to_boundary = BeatWidth'(BurstBeats) - {1'b0, address_i[ByteWidth +: BeatWidth-1]};
  assign beats_o = left_i < CountWidth'(to_boundary) ? BeatWidth'(left_i) : to_boundary;

  logic unused_address;
  assign unused_address = ^address_i;
endmodule
