// The tiles of an attention phase. A unit is a group of queries and a head; its scores are made three units before its
// products with V, so that the softmax between them is hardly waited for. All of a group pass the keys and values once.
//
//   S(0) S(1) S(2) S(3) V(0) S(4) V(1) ... S(n-1) V(n-4) V(n-3) V(n-2) V(n-1)
//
// One tile stands at the outputs until next_i.
module attention_loop #(
  /// Rows of the array: tokens of a group. Even.
  parameter int Tokens = edgemoe_pkg::ArrayTokens
) (
  input  logic clk_i,
  /// The phase, as it is until last_o is taken; all sizes at least 1.
  input  logic start_i,
  input  logic [15:0] rows_i,
  input  logic [7:0] heads_i,
  input  logic [15:0] key_tiles_i,
  /// Column tiles of a head, and steps of a score tile and of a value tile.
  input  logic [15:0] head_tiles_i,
  input  logic [15:0] steps_i,
  input  logic [15:0] value_steps_i,
  /// Queries: first word and scales of the first group, and what a group adds to the words.
  input  logic [15:0] input_i,
  input  logic [15:0] input_pitch_i,
  input  logic [15:0] scales_i,
  input  logic [15:0] key_base_i,
  input  logic [15:0] value_base_i,
  input  logic [15:0] output_i,
  input  logic [15:0] output_pitch_i,
  input  logic [15:0] output_scales_i,
  /// The tile at the outputs is taken.
  input  logic next_i,
  /// It is one of values, else one of scores.
  output logic values_o,
  output logic [15:0] group_o,
  output logic [7:0] head_o,
  output logic [15:0] tokens_o,
  /// The unit, as the place of its probabilities: counts modulo 4.
  output logic [1:0] place_o,
  /// Of the unit; of a group.
  output logic first_tile_o,
  output logic last_tile_o,
  output logic last_column_o,
  output logic last_o,
  /// Column tile within the unit; of values over all heads.
  output logic [15:0] tile_o,
  output logic [15:0] column_o,
  /// First words of the tile's rows (scores: queries) and columns; scales of the queries; results of values.
  output logic [15:0] input_o,
  output logic [15:0] columns_o,
  output logic [15:0] scales_o,
  output logic [15:0] output_o,
  output logic [15:0] output_scales_o
);
  // Two walks over the units, of scores and of values; the first is three units ahead.
  logic next_scores, next_values, scores_tile_last, values_tile_last, scores_unit_last, values_unit_last;
  logic scores_head_last, values_head_last, scores_group_last, values_group_last, scores_done_q;
  logic [2:0] ahead_q;
  logic [15:0] scores_tile_q, values_tile_q, scores_left_q, values_left_q, scores_group_q, values_group_q;
  logic [7:0] scores_head_q, values_head_q;
  logic [1:0] scores_place_q, values_place_q;
  logic [15:0] group_input_q, query_q, query_scales_q, key_q, value_column_q, value_q, output_q, output_scales_q;

  // Values have their turn three units behind, and when no scores are left.
  assign values_o = scores_done_q || ahead_q == 3'd4;
  assign next_scores = next_i && !values_o;
  assign next_values = next_i && values_o;
  assign scores_tile_last = scores_tile_q + 1'b1 == key_tiles_i;
  assign values_tile_last = values_tile_q + 1'b1 == head_tiles_i;
  assign scores_head_last = scores_head_q + 1'b1 == heads_i;
  assign values_head_last = values_head_q + 1'b1 == heads_i;
  assign scores_group_last = scores_left_q <= 16'(Tokens);
  assign values_group_last = values_left_q <= 16'(Tokens);
  assign scores_unit_last = scores_head_last && scores_group_last;
  assign values_unit_last = values_head_last && values_group_last;

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      scores_done_q <= 1'b0;
      ahead_q <= '0;
    end else if (next_scores && scores_tile_last) begin
      scores_done_q <= scores_unit_last;
      ahead_q <= ahead_q + 1'b1;
    end else if (next_values && values_tile_last) begin
      ahead_q <= ahead_q - 1'b1;
    end

    if (start_i) begin
      scores_tile_q <= '0;
      scores_head_q <= '0;
      scores_group_q <= '0;
      scores_place_q <= '0;
      scores_left_q <= rows_i;
      group_input_q <= input_i;
      query_q <= input_i;
      query_scales_q <= scales_i;
      key_q <= key_base_i;
    end else if (next_scores) begin
      scores_tile_q <= scores_tile_last ? '0 : scores_tile_q + 1'b1;
      key_q <= scores_tile_last && scores_head_last ? key_base_i : key_q + steps_i;
      if (scores_tile_last) begin
        scores_place_q <= scores_place_q + 1'b1;
        scores_head_q <= scores_head_last ? '0 : scores_head_q + 1'b1;
        query_scales_q <= query_scales_q + 1'b1;
        query_q <= scores_head_last ? group_input_q + input_pitch_i : query_q + steps_i;
        if (scores_head_last) begin
          group_input_q <= group_input_q + input_pitch_i;
          scores_group_q <= scores_group_q + 1'b1;
          scores_left_q <= scores_left_q - 16'(Tokens);
        end
      end
    end

    if (start_i) begin
      values_tile_q <= '0;
      values_head_q <= '0;
      values_group_q <= '0;
      values_place_q <= '0;
      values_left_q <= rows_i;
      value_q <= value_base_i;
      value_column_q <= '0;
      output_q <= output_i;
      output_scales_q <= output_scales_i;
    end else if (next_values) begin
      values_tile_q <= values_tile_last ? '0 : values_tile_q + 1'b1;
      value_q <= values_tile_last && values_head_last ? value_base_i : value_q + value_steps_i;
      value_column_q <= values_tile_last && values_head_last ? '0 : value_column_q + 1'b1;
      if (values_tile_last) begin
        values_place_q <= values_place_q + 1'b1;
        values_head_q <= values_head_last ? '0 : values_head_q + 1'b1;
        if (values_head_last) begin
          values_group_q <= values_group_q + 1'b1;
          values_left_q <= values_left_q - 16'(Tokens);
          output_q <= output_q + output_pitch_i;
          output_scales_q <= output_scales_q + 1'b1;
        end
      end
    end
  end

  logic [15:0] left;
  assign left = values_o ? values_left_q : scores_left_q;
  assign group_o = values_o ? values_group_q : scores_group_q;
  assign head_o = values_o ? values_head_q : scores_head_q;
  assign tokens_o = left <= 16'(Tokens) ? left : 16'(Tokens);
  assign place_o = values_o ? values_place_q : scores_place_q;
  assign tile_o = values_o ? values_tile_q : scores_tile_q;
  assign first_tile_o = tile_o == '0;
  assign last_tile_o = values_o ? values_tile_last : scores_tile_last;
  assign last_column_o = values_o ? values_tile_last && values_head_last : scores_tile_last;
  assign last_o = values_o && values_tile_last && values_unit_last;
  assign column_o = value_column_q;
  assign input_o = query_q;
  assign columns_o = values_o ? value_q : key_q;
  assign scales_o = query_scales_q;
  assign output_o = output_q;
  assign output_scales_o = output_scales_q;
endmodule
