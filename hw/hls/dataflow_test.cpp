#include "hls/dataflow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace edgemoe::hls {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

template <int kDepth>
void count_up(int count, stream<int, kDepth>& out) {
  for (int i = 0; i < count; ++i) out.write(i);
}

template <int kDepth, int kOutDepth>
void double_all(int count, stream<int, kDepth>& in, stream<int, kOutDepth>& out) {
  for (int i = 0; i < count; ++i) out.write(2 * in.read());
}

template <int kDepth>
void collect(int count, stream<int, kDepth>& in, std::vector<int>& values) {
  for (int i = 0; i < count; ++i) values.push_back(in.read());
}

/// What stopped `body`, or nothing.
template <typename Body>
std::string fault_of(const Body& body) {
  try {
    body();
  } catch (const StreamError& error) {
    return error.what();
  }
  return "";
}

TEST(DataflowTest, processes_overStreamsOfAnyDepth_giveTheSameNumbers) {
  for (int run = 0; run < 20; ++run) {
    std::vector<int> values;
    Simulation simulation;
    {
      EDGEMOE_DATAFLOW(region);
      stream<int, 1> numbers("numbers");
      stream<int, 3> doubled("doubled");
      EDGEMOE_PROCESS(region, count_up(1000, numbers));
      EDGEMOE_PROCESS(region, double_all(1000, numbers, doubled));
      EDGEMOE_PROCESS(region, collect(1000, doubled, values));
      EDGEMOE_RUN(region);
    }
    ASSERT_EQ(values.size(), 1000U);
    for (int i = 0; i < 1000; ++i) ASSERT_EQ(values[static_cast<std::size_t>(i)], 2 * i);
    EXPECT_EQ(simulation.use("numbers").writes, 1000U);
    EXPECT_EQ(simulation.use("numbers").most, 1U);
    EXPECT_LE(simulation.use("doubled").most, 3U);
    EXPECT_EQ(simulation.use("nothing").writes, 0U);
  }
}

/// Reads all of `late` before `early`, which is written first.
template <int kDepth>
void read_in_the_wrong_order(int count, stream<int, kDepth>& early, stream<int, 2>& late, std::vector<int>& values) {
  collect(count, late, values);
  collect(count, early, values);
}

template <int kDepth>
void write_both(int count, stream<int, kDepth>& early, stream<int, 2>& late) {
  for (int i = 0; i < count; ++i) {
    early.write(i);
    late.write(i);
  }
}

template <int kDepth>
std::string run_wrong_order(int count) {
  std::vector<int> values;
  return fault_of([&] {
    EDGEMOE_DATAFLOW(region);
    stream<int, kDepth> early("early");
    stream<int, 2> late("late");
    EDGEMOE_PROCESS(region, write_both(count, early, late));
    EDGEMOE_PROCESS(region, read_in_the_wrong_order(count, early, late, values));
    EDGEMOE_RUN(region);
    EXPECT_EQ(values.size(), static_cast<std::size_t>(2 * count));
  });
}

TEST(DataflowTest, streamTooShort_isReportedWithNamesAndFill) {
  EXPECT_EQ(run_wrong_order<5>(5), "");
  const std::string fault = run_wrong_order<4>(5);
  EXPECT_THAT(fault, HasSubstr("dead-lock: no process can go on"));
  EXPECT_THAT(fault, HasSubstr("write_both waits to write stream \"early\" (4 of 4 filled)"));
  EXPECT_THAT(fault, HasSubstr("read_in_the_wrong_order waits to read stream \"late\" (0 of 2 filled)"));
}

TEST(DataflowTest, writerThatEndsEarly_isADeadLockOfItsReader) {
  std::vector<int> values;
  const std::string fault = fault_of([&] {
    EDGEMOE_DATAFLOW(region);
    stream<int, 2> numbers("numbers");
    EDGEMOE_PROCESS(region, count_up(3, numbers));
    EDGEMOE_PROCESS(region, collect(4, numbers, values));
    EDGEMOE_RUN(region);
  });
  EXPECT_EQ(values.size(), 3U);
  EXPECT_THAT(fault, HasSubstr("collect waits to read stream \"numbers\" (0 of 2 filled)"));
  EXPECT_THAT(fault, Not(HasSubstr("count_up")));
}

TEST(DataflowTest, numbersThatNobodyReads_areAnError) {
  std::vector<int> values;
  const std::string fault = fault_of([&] {
    EDGEMOE_DATAFLOW(region);
    stream<int, 8> numbers("numbers");
    EDGEMOE_PROCESS(region, count_up(5, numbers));
    EDGEMOE_PROCESS(region, collect(3, numbers, values));
    EDGEMOE_RUN(region);
  });
  EXPECT_EQ(fault, "left over: 2 of stream \"numbers\" were written and never read");
}

void inner_region(int count, stream<int, 2>& in, std::vector<int>& values) {
  EDGEMOE_DATAFLOW(region);
  stream<int, 2> doubled("doubled");
  EDGEMOE_PROCESS(region, double_all(count, in, doubled));
  EDGEMOE_PROCESS(region, collect(count, doubled, values));
  EDGEMOE_RUN(region);
}

void outer_region(int written, int read_at_a_time, std::vector<int>& values) {
  EDGEMOE_DATAFLOW(region);
  stream<int, 2> numbers("numbers");
  const auto twice = [&] {
    inner_region(read_at_a_time, numbers, values);
    inner_region(read_at_a_time, numbers, values);
  };
  EDGEMOE_PROCESS(region, count_up(written, numbers));
  EDGEMOE_PROCESS(region, twice());
  EDGEMOE_RUN(region);
}

TEST(DataflowTest, regionInsideAProcess_runs_andItsDeadLocksAreSeenAcrossRegions) {
  std::vector<int> values;
  EXPECT_EQ(fault_of([&] { outer_region(10, 5, values); }), "");
  ASSERT_EQ(values.size(), 10U);
  EXPECT_EQ(values[9], 18);
  const std::string fault = fault_of([&] { outer_region(9, 5, values); });
  EXPECT_THAT(fault, HasSubstr("twice > double_all waits to read stream \"numbers\" (0 of 2 filled)"));
  EXPECT_THAT(fault, HasSubstr("twice > collect waits to read stream \"doubled\" (0 of 2 filled)"));
}

void fail() { throw std::runtime_error("a process failed"); }

TEST(DataflowTest, exceptionOfAProcess_reachesTheCaller_afterTheOthersStopped) {
  std::vector<int> values;
  EDGEMOE_DATAFLOW(region);
  stream<int, 2> numbers("numbers");
  EDGEMOE_PROCESS(region, fail());
  EDGEMOE_PROCESS(region, collect(1, numbers, values));
  EXPECT_THROW(EDGEMOE_RUN(region), std::runtime_error);
  EXPECT_TRUE(values.empty());
}

TEST(DataflowTest, streamWithoutProcesses_blocksWithAnErrorInsteadOfHanging) {
  stream<int, 1> alone("alone");
  alone.write(7);
  EXPECT_THAT(fault_of([&] { alone.write(8); }), HasSubstr("write stream \"alone\" (1 of 1 filled)"));
  EXPECT_EQ(alone.read(), 7);
  EXPECT_THAT(fault_of([&] { alone.read(); }), HasSubstr("read stream \"alone\" (0 of 1 filled)"));
}

TEST(DataflowTest, raggedRow_passesWhole) {
  const int row[5] = {1, -2, 3, -4, 5};
  int found[5] = {};
  stream<Vector<int, 3>, 2> vectors("vectors");
  write_row(row, 5, vectors);
  read_row(vectors, found, 5);
  EXPECT_THAT(found, ::testing::ElementsAreArray(row));
}

}  // namespace
}  // namespace edgemoe::hls
