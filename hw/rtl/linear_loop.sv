// The tiles of a linear or router phase: groups of Tokens rows outside, column tiles inside, or the other way round; in a
// router phase each column tile three times, once a digit. One tile stands at the outputs until next_i.
module linear_loop #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens
) (
  input  logic clk_i,
  /// The phase, as it is until last_o is taken: rows and column tiles at least 1.
  input  logic start_i,
  input  logic columns_outer_i,
  input  logic router_i,
  input  logic [15:0] rows_i,
  input  logic [15:0] column_tiles_i,
  input  logic [15:0] steps_i,
  /// Of the first group: words of its rows, their scales, its results and their scales; and what a group adds.
  input  logic [15:0] input_i,
  input  logic [15:0] input_pitch_i,
  input  logic [15:0] scales_i,
  input  logic [15:0] output_i,
  input  logic [15:0] output_pitch_i,
  input  logic [15:0] output_scales_i,
  input  logic [15:0] output_scales_pitch_i,
  /// Column tiles of a result that is a row by itself, and the words that it takes.
  input  logic [15:0] row_tiles_i,
  input  logic [15:0] row_words_i,
  /// The tile at the outputs is taken.
  input  logic next_i,
  output logic [15:0] group_o,
  output logic [15:0] column_o,
  output logic [1:0] digit_o,
  output logic [15:0] tokens_o,
  /// The column's row within the group, its tile in there; the row's last.
  output logic [7:0] row_o,
  output logic [15:0] row_column_o,
  output logic row_last_o,
  /// The last tile of the group; of the phase.
  output logic last_column_o,
  output logic last_o,
  /// First words of the tile's rows and, from the phase's first weight, columns.
  output logic [15:0] input_o,
  output logic [15:0] weights_o,
  output logic [15:0] scales_o,
  output logic [15:0] output_o,
  output logic [15:0] output_scales_o
);
  logic [15:0] left_q, digit_offset_q, row_offset_q, group_output_q, group_output_scales_q;
  logic last_group, last_column, last_digit, group_ends, column_ends;
  assign last_group = left_q <= 16'(Tokens);
  assign last_column = column_o + 1'b1 == column_tiles_i;
  assign last_digit = !router_i || 32'(digit_o) == edgemoe_pkg::RouterDigits - 1;
  assign tokens_o = last_group ? left_q : 16'(Tokens);
  assign last_column_o = last_column && last_digit;
  assign last_o = last_group && last_column_o;
  // What a taken tile moves on: the group, the column.
  assign group_ends = last_digit && (columns_outer_i || last_column);
  assign column_ends = last_digit && (!columns_outer_i || last_group);

  logic [15:0] group_input_q;
  assign input_o = group_input_q + digit_offset_q;
  assign output_o = group_output_q + row_offset_q;
  assign output_scales_o = group_output_scales_q + 16'(row_o);
  assign row_last_o = row_column_o + 1'b1 == row_tiles_i;
  always_ff @(posedge clk_i) begin
    if (start_i) begin
      digit_o <= '0;
      digit_offset_q <= '0;
      column_o <= '0;
      weights_o <= '0;
      row_o <= '0;
      row_column_o <= '0;
      row_offset_q <= '0;
    end else if (next_i) begin
      digit_o <= last_digit ? '0 : digit_o + 1'b1;
      digit_offset_q <= last_digit ? '0 : digit_offset_q + steps_i;
      if (column_ends) begin
        column_o <= last_column ? '0 : column_o + 1'b1;
        weights_o <= last_column ? '0 : weights_o + steps_i;
        row_column_o <= last_column || row_last_o ? '0 : row_column_o + 1'b1;
        if (last_column || row_last_o) begin
          row_o <= last_column ? '0 : row_o + 1'b1;
          row_offset_q <= last_column ? '0 : row_offset_q + row_words_i;
        end
      end
    end
    if (start_i || (next_i && group_ends && last_group)) begin
      group_o <= '0;
      left_q <= rows_i;
      group_input_q <= input_i;
      scales_o <= scales_i;
      group_output_q <= output_i;
      group_output_scales_q <= output_scales_i;
    end else if (next_i && group_ends) begin
      group_o <= group_o + 1'b1;
      left_q <= left_q - 16'(Tokens);
      group_input_q <= group_input_q + input_pitch_i;
      scales_o <= scales_o + 1'b1;
      group_output_q <= group_output_q + output_pitch_i;
      group_output_scales_q <= group_output_scales_q + output_scales_pitch_i;
    end
  end
endmodule
