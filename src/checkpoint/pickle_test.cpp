#include "checkpoint/pickle_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "checkpoint/checkpoint_testing.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

Result<PickleDocument> read(std::string_view pickle) { return read_pickle(std::as_bytes(std::span(pickle))); }

/// A document whose bytes outlive it, as texts are views of them.
struct Kept {
  std::string bytes;
  PickleDocument document;
  const PickleValue& root() const { return *document.root; }
};

Kept expect_read(std::string pickle) {
  Kept kept{std::move(pickle), {}};
  Result<PickleDocument> read_result = read(kept.bytes);
  EXPECT_TRUE(read_result.ok()) << read_result.status().message();
  if (read_result.ok()) {
    kept.document = std::move(read_result).value();
  } else {
    kept.document.arena = std::make_unique<PickleArena>();
    kept.document.root = &kept.document.arena->values.emplace_back();
  }
  return kept;
}

Status refused(std::string_view pickle) {
  const Result<PickleDocument> result = read(pickle);
  EXPECT_FALSE(result.ok());
  return result.status();
}

template <typename T>
T scalar(std::string pickle) {
  const Kept kept = expect_read(std::move(pickle));
  const T* value = kept.root().as<T>();
  EXPECT_NE(value, nullptr) << pickle_kind_name(kept.root());
  return value == nullptr ? T{} : *value;
}

using namespace std::string_literals;

TEST(Pickle, integersOfEveryOpcode_keepTheirValue) {
  EXPECT_EQ(scalar<std::int64_t>("K\xFF."), 255);
  EXPECT_EQ(scalar<std::int64_t>("M\x01\x02."), 0x0201);
  EXPECT_EQ(scalar<std::int64_t>("J\xFE\xFF\xFF\xFF."), -2);
  EXPECT_EQ(scalar<std::int64_t>("I-17\n."), -17);
  EXPECT_EQ(scalar<std::int64_t>("L99L\n."), 99);
  EXPECT_EQ(scalar<std::int64_t>("\x8A\x00."s), 0);
  EXPECT_EQ(scalar<std::int64_t>("\x8A\x01\x80."), -128);
  EXPECT_EQ(scalar<std::int64_t>("\x8A\x08\x00\x00\x00\x00\x00\x00\x00\x80."s), INT64_MIN);
  EXPECT_EQ(scalar<std::int64_t>("\x8B\x02\x00\x00\x00\x34\x12."s), 0x1234);
  EXPECT_TRUE(scalar<bool>("I01\n."));
  EXPECT_FALSE(scalar<bool>("\x89."));
  EXPECT_EQ(expect_read("\x8A\x09"
                        "123456789.")
                .root()
                .as<PickleBigInt>()
                ->bytes,
            "123456789");
}

TEST(Pickle, floatsAndTexts_keepTheirValue) {
  EXPECT_EQ(scalar<double>("G\x3F\xF8\x00\x00\x00\x00\x00\x00."s), 1.5);
  EXPECT_EQ(scalar<double>("F-2.25\n."), -2.25);
  EXPECT_EQ(expect_read("X\x03\x00\x00\x00"
                        "abc."s)
                .root()
                .as<PickleString>()
                ->text,
            "abc");
  EXPECT_EQ(expect_read("\x8C\x02"
                        "hi.")
                .root()
                .as<PickleString>()
                ->text,
            "hi");
  EXPECT_EQ(expect_read("U\x02"
                        "hi.")
                .root()
                .as<PickleString>()
                ->text,
            "hi");
  EXPECT_EQ(expect_read("S'hi'\n.").root().as<PickleString>()->text, "hi");
  EXPECT_EQ(expect_read("Vhi\n.").root().as<PickleString>()->text, "hi");
  EXPECT_EQ(expect_read("C\x02"
                        "hi.")
                .root()
                .as<PickleBytes>()
                ->bytes,
            "hi");
}

TEST(Pickle, containersAndMemo_shareByReference) {
  // [[], same, (None, True)], the inner list memoized.
  const Kept kept = expect_read(
      "\x80\x02](]q\x01h\x01N\x88\x86"
      "e.");
  const auto* list = kept.root().as<PickleList>();
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 3u);
  EXPECT_EQ(list->items[0], list->items[1]);
  ASSERT_NE(list->items[2]->as<PickleTuple>(), nullptr);
  EXPECT_TRUE(*list->items[2]->as<PickleTuple>()->items[1]->as<bool>());
}

TEST(Pickle, listThatHoldsItself_isReadAndDropped) {
  const Kept kept = expect_read(
      "]q\x00h\x00"
      "a."s);
  const auto* list = kept.root().as<PickleList>();
  ASSERT_NE(list, nullptr);
  EXPECT_EQ(list->items.at(0), &kept.root());
}

TEST(Pickle, python2OrderedDict_givesItsPairs) {
  const Kept kept = expect_read(
      "\x80\x02"
      "ccollections\nOrderedDict\n](](U\x01"
      "aK\x01"
      "e](U\x01"
      "bK\x02"
      "ee\x85R.");
  const auto* dict = kept.root().as<PickleDict>();
  ASSERT_NE(dict, nullptr);
  ASSERT_EQ(dict->items.size(), 2u);
  EXPECT_EQ(dict->items[1].first->as<PickleString>()->text, "b");
  EXPECT_EQ(*dict->items[1].second->as<std::int64_t>(), 2);
}

TEST(Pickle, inertObjects_areReadWithoutTheirContent) {
  for (const std::string_view pickle : {
           "cargparse\nNamespace\n)\x81}U\x02lrK\x01sb.",  // NEWOBJ, BUILD
           "cnumpy._core.multiarray\nscalar\n(cnumpy\ndtype\n(U\x02"
           "f8tRC\x01xtR.",              // REDUCE within REDUCE
           "(iargparse\nNamespace\n.",   // INST
           "(cargparse\nNamespace\no.",  // OBJ
           "c__builtin__\nset\n](K\x01"
           "e\x85R.",          // a set of Python 2
           "\x8F(K\x01\x90.",  // EMPTY_SET, ADDITEMS
           "\x8C\x08"
           "argparse\x8C\x09"
           "Namespace\x93)}\x92.",  // STACK_GLOBAL, NEWOBJ_EX
       }) {
    EXPECT_NE(expect_read(std::string(pickle)).root().as<PickleInert>(), nullptr) << pickle;
  }
}

TEST(Pickle, otherClassesAndFunctions_areRefusedByNameAndNotExecuted) {
  struct Case {
    std::string_view pickle;
    std::string_view name;
  };
  for (const auto& [pickle, name] : {
           Case{"cos\nsystem\nU\x07touch xtR.", "os.system"},
           Case{"cposix\nsystem\n(U\x02lstR.", "posix.system"},
           Case{"c__builtin__\neval\n(U\x01"
                "1tR.",
                "__builtin__.eval"},
           Case{"cbuiltins\ngetattr\n.", "builtins.getattr"},
           Case{"csubprocess\nPopen\n.", "subprocess.Popen"},
           Case{"(iruntime.evil\nThing\n.", "runtime.evil.Thing"},
           Case{"\x8C\x02os\x8C\x06system\x93.", "os.system"},
           Case{"ctorch\nload\n.", "torch.load"},
           Case{"ctorch.storage\n_load_from_bytes\n.", "torch.storage._load_from_bytes"},
           Case{"ctorch._utils\n_rebuild_qtensor\n.", "torch._utils._rebuild_qtensor"},
           Case{"c__torch__.model\nNet\n.", "__torch__.model.Net"},
           Case{"ccollections\nOrderedDict.__reduce__\n.", "collections.OrderedDict.__reduce__"},
           Case{"cos\nsys\x1B[31m\n.", "os.sys?[31m"},
       }) {
    const Status status = refused(pickle);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << name;
    EXPECT_THAT(status.message(), HasSubstr(name));
    EXPECT_THAT(status.message(), HasSubstr("nothing of the file was executed"));
    EXPECT_THAT(status.message(), HasSubstr("torch.save({'state_dict': model.state_dict()}, path)"));
  }
}

TEST(Pickle, otherOpcodes_areRefusedByName) {
  struct Case {
    std::string_view pickle;
    std::string_view name;
  };
  for (const auto& [pickle, name] : {Case{"\x82\x01.", "EXT1"}, Case{"\x97.", "NEXT_BUFFER"}, Case{"P12\n.", "PERSID"},
                                     Case{"\xFE.", "0xfe"}, Case{"?.", "0x3f"}}) {
    const Status status = refused(pickle);
    EXPECT_EQ(status.code(), StatusCode::kUnsupported) << name;
    EXPECT_THAT(status.message(), HasSubstr(name));
  }
}

TEST(Pickle, brokenPickles_areMalformed) {
  for (const std::string_view pickle : {"",
                                        ".",
                                        "K",
                                        "N",
                                        "t.",
                                        "u.",
                                        "(1.",
                                        "0.",
                                        "h\x07.",
                                        "gx\n.",
                                        "X\xFF\xFF\xFF\x7F"
                                        "a.",
                                        "(NR.",
                                        "N)R.",
                                        "NNb.",
                                        "Nq\x01N\x81.",
                                        "}(NuN.",
                                        "NN\x93.",
                                        "]N)a.0",
                                        "(o.",
                                        "L1x\n.",
                                        "F1\n",
                                        "S'a\n.",
                                        "\x95\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF.",
                                        "(Nl]a(",
                                        "ctorch\nSize\n)R.",
                                        "NQ.",
                                        "(U\x07storagetQ."}) {
    const Status status = refused(pickle);
    EXPECT_EQ(status.code(), StatusCode::kMalformed) << pickle << ": " << status.message();
  }
}

TEST(Pickle, everyPrefixOfAStateDict_isMalformed) {
  const std::string pickle = PickleWriter().state_dict(formula_state(tiny_config())).finish();
  ASSERT_TRUE(read(pickle).ok());
  std::size_t tried = 0;
  for (std::size_t length = 0; length < pickle.size(); length += 7, ++tried) {
    EXPECT_EQ(refused(std::string_view(pickle).substr(0, length)).code(), StatusCode::kMalformed) << length;
  }
  EXPECT_GT(tried, 100u);
}

std::string tensor_pickle(std::int64_t stored, std::int64_t offset, std::vector<std::int64_t> sizes,
                          std::vector<std::int64_t> strides) {
  PickleWriter writer;
  writer.global("torch._utils", "_rebuild_tensor_v2").raw("(").storage("FloatStorage", "0", stored).integer(offset);
  return writer.integers(sizes).integers(strides).raw("\x89)tR").finish();
}

TEST(Pickle, tensorWithinItsStorage_isRecorded) {
  const Kept kept = expect_read(tensor_pickle(24, 3, {2, 3}, {10, 2}));  // last element: 3 + 10 + 4 = 17
  const auto* tensor = kept.root().as<PickleTensor>();
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->record->offset, 3);
  EXPECT_THAT(tensor->record->strides, ::testing::ElementsAre(10, 2));
  EXPECT_EQ(tensor->record->type->in_base, DType::kF32);
  EXPECT_TRUE(read(tensor_pickle(18, 3, {2, 3}, {10, 2})).ok());
  EXPECT_TRUE(read(tensor_pickle(0, 0, {0, 3}, {3, 1})).ok());
}

TEST(Pickle, tensorOutsideItsStorage_isMalformed) {
  constexpr std::int64_t kMax = INT64_MAX;
  EXPECT_EQ(refused(tensor_pickle(17, 3, {2, 3}, {10, 2})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {2, 3}, {3, 2})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, -1, {2, 3}, {3, 1})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {2, 3}, {3, -1})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {2, -3}, {3, 1})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {2, 3}, {3})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, kMax, {1}, {1})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {kMax, kMax}, {0, 0})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(6, 0, {2, kMax}, {kMax, 1})).code(), StatusCode::kMalformed);
  EXPECT_EQ(refused(tensor_pickle(kMax, 0, {kMax}, {1})).code(), StatusCode::kMalformed);
}

TEST(Pickle, nestingThatWouldGrowExponentially_costsNothing) {
  // x = (x, x), a hundred thousand times: 2^100000 leaves for whoever walks it.
  std::string pickle = "N";
  for (int i = 0; i < 100'000; ++i) pickle += "2\x86";
  EXPECT_TRUE(read(pickle + ".").ok());
  // Lists nested a hundred thousand deep must not recurse when they are dropped.
  EXPECT_TRUE(read(std::string(100'000, ']') + std::string(99'999, 'a') + ".").ok());
}

TEST(Pickle, floodsOfValuesOpcodesOrMemo_areTooLarge) {
  EXPECT_EQ(refused(std::string(kMaxPickleValues + 1, ']')).code(), StatusCode::kTooLarge);
  EXPECT_EQ(refused(std::string(kMaxPickleOpcodes + 1, '(')).code(), StatusCode::kTooLarge);
  // A dict of 1,000 keys copied over and over.
  std::string copies = "}(";
  for (int i = 0; i < 1000; ++i) copies += "NN";
  copies += "uq\x01";
  copies += "0";
  for (std::size_t i = 0; i < 10'000; ++i) copies += "ccollections\nOrderedDict\nh\x01\x85R0";
  EXPECT_EQ(refused(copies + "N.").code(), StatusCode::kTooLarge);
}

TEST(Pickle, longValueBeyondTheLimit_isTooLarge) {
  const auto length = static_cast<std::uint32_t>(kMaxPickleBytes + 1);
  std::string pickle = "B";
  for (int shift = 0; shift < 32; shift += 8) pickle += static_cast<char>(length >> shift);
  pickle.append(length, 'x');
  EXPECT_EQ(refused(pickle + ".").code(), StatusCode::kTooLarge);
}

}  // namespace
}  // namespace edgemoe
