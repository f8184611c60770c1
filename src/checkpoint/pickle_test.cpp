// Pickles that are not what they should be: refused by name, at once, and never executed.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "checkpoint/checkpoint_testing.h"
#include "checkpoint/pickle_reader.h"

namespace edgemoe {
namespace {

Status status_of(const std::string& pickle) { return read_pickle(std::as_bytes(std::span(pickle))).status(); }

TEST(ReadPickle, otherClassesAndFunctions_areRefusedByName) {
  for (const auto& [module, name] : std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                                                     {"builtins", "eval"},
                                                                                     {"builtins", "exec"},
                                                                                     {"posix", "system"},
                                                                                     {"subprocess", "Popen"},
                                                                                     {"torch.hub", "load"},
                                                                                     {"my_project", "Config"}}) {
    const Status status = status_of(PickleWriter().global(module, name).raw("(").text("touch x").raw("tR").finish());
    EXPECT_EQ(status.code(), StatusCode::kUnsupported);
    EXPECT_NE(status.message().find(module + "." + name), std::string::npos) << status.message();
  }
  // The same by STACK_GLOBAL and by INST.
  EXPECT_NE(status_of(PickleWriter().text("os").text("system").raw("\x93").finish()).message().find("os.system"),
            std::string::npos);
  EXPECT_NE(status_of(PickleWriter().raw("(ios\nsystem\n").finish()).message().find("os.system"), std::string::npos);
}

TEST(ReadPickle, unknownOpcodes_areRefused) {
  for (const char opcode : {'\x01', '\xFF', '~', '\x82'}) {
    const Status status = status_of(std::string("\x80\x02") + opcode + "\x01.");
    EXPECT_FALSE(status.ok()) << static_cast<int>(opcode);
  }
}

TEST(ReadPickle, everyCutOfAValidPickle_isAnError) {
  const std::vector<TestTensor> tensors = {formula_tensor("a", {2, 3}), formula_tensor("b", {4})};
  const std::string whole = PickleWriter().raw("}").text("state_dict").state_dict(tensors).raw("s").finish();
  ASSERT_TRUE(status_of(whole).ok()) << status_of(whole).message();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(status_of(whole.substr(0, length)).ok()) << length;
  }
}

TEST(ReadPickle, tensorsOutsideTheirStorage_areRefused) {
  const auto tensor = [](std::int64_t elements, std::int64_t offset, std::vector<std::int64_t> sizes,
                         std::vector<std::int64_t> strides) {
    return status_of(PickleWriter()
                         .global("torch._utils", "_rebuild_tensor_v2")
                         .raw("(")
                         .storage("FloatStorage", "0", elements)
                         .integer(offset)
                         .integers(sizes)
                         .integers(strides)
                         .raw("\x89")
                         .global("collections", "OrderedDict")
                         .raw(")RtR")
                         .finish());
  };
  EXPECT_TRUE(tensor(6, 0, {2, 3}, {3, 1}).ok());
  EXPECT_FALSE(tensor(6, 1, {2, 3}, {3, 1}).ok());
  EXPECT_FALSE(tensor(6, 0, {2, 3}, {4, 1}).ok());
  EXPECT_FALSE(tensor(6, -1, {2, 3}, {3, 1}).ok());
  EXPECT_FALSE(tensor(6, 0, {2, -3}, {3, 1}).ok());
  EXPECT_FALSE(tensor(6, 0, {2, 3}, {-3, 1}).ok());
  EXPECT_FALSE(tensor(-6, 0, {2, 3}, {3, 1}).ok());
  EXPECT_FALSE(tensor(6, INT64_MAX, {1}, {1}).ok());
  EXPECT_FALSE(tensor(6, 0, {std::int64_t{1} << 40, std::int64_t{1} << 40}, {1, 1}).ok());
  EXPECT_FALSE(tensor(6, 0, {2, 2}, {INT64_MAX, INT64_MAX}).ok());
}

TEST(ReadPickle, deepAndWideNesting_isBounded) {
  // A list in a list a million deep; and a list that holds itself twice, thirty times over: 2^30 paths.
  std::string deep;
  for (int i = 0; i < 500'000; ++i) deep += "]";
  for (int i = 1; i < 500'000; ++i) deep += "a";
  PickleWriter wide;
  wide.raw("]q").raw(std::string(1, '\0'));
  for (char i = 1; i < 30; ++i) {
    wide.raw("](h")
        .raw(std::string(1, static_cast<char>(i - 1)))
        .raw("h")
        .raw(std::string(1, static_cast<char>(i - 1)));
    wide.raw("eq").raw(std::string(1, i));
  }
  const auto start = std::chrono::steady_clock::now();
  (void)status_of(PickleWriter().raw(deep).finish()).ok();
  EXPECT_TRUE(status_of(wide.finish()).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20)) << "not a speed: a runaway";
}

TEST(ReadPickle, lengthsPastTheEnd_areRefused) {
  for (const std::string& pickle :
       {std::string("\x80\x02X\xFF\xFF\xFF\x7F.", 8), std::string("\x80\x02\x8B\xFF\xFF\xFF\x7F.", 8),
        std::string("\x80\x04\x8D\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F.", 12),
        std::string("\x80\x02T\xFF\xFF\xFF\xFF.", 8)}) {
    EXPECT_FALSE(status_of(pickle).ok());
  }
}

TEST(ReadPickle, stackUnderflowAndMarks_areRefused) {
  for (const char* opcodes : {"0", "a", "s", "u", "t", "e", "R", "b", "\x85", "h\x05", "(t0t", "}(K\x01u"}) {
    EXPECT_FALSE(status_of(std::string("\x80\x02") + opcodes + ".").ok()) << opcodes;
  }
}

}  // namespace
}  // namespace edgemoe
