#include "checkpoint/torch_archive.h"

#include <gmock/gmock.h>

#include "checkpoint/checkpoint_source.h"
#include "checkpoint/checkpoint_testing.h"
#include "checkpoint/pickle_reader.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

class TorchArchiveTest : public CheckpointTest {
 protected:
  Status open_refused(const std::filesystem::path& path) const {
    const Result<CheckpointSource> source = open_checkpoint(path, tiny_config());
    EXPECT_FALSE(source.ok());
    return source.status();
  }

  /// Reads the one tensor of a file as float32 values.
  std::vector<float> read_only_tensor(const std::filesystem::path& path) const {
    const Result<CheckpointSource> source = open_checkpoint(path, tiny_config());
    EXPECT_TRUE(source.ok()) << source.status().message();
    if (!source.ok() || source->tensors.size() != 1) return {};
    const Result<DenseTensor> dense = read_source_tensor(source->tensors[0]);
    EXPECT_TRUE(dense.ok()) << dense.status().message();
    if (!dense.ok()) return {};
    std::vector<float> values(static_cast<std::size_t>(dense->view.shape.num_elements()));
    EXPECT_TRUE(widen_to_f32(dense->view.dtype, dense->view.bytes, values));
    return values;
  }

  /// A zip with one tensor "x" that is a view of `stored`.
  void write_view(const std::filesystem::path& path, const TestTensor& stored, std::int64_t offset,
                  const std::vector<std::int64_t>& sizes, const std::vector<std::int64_t>& strides) const {
    PickleWriter writer;
    writer.raw("}").text("x").global("torch._utils", "_rebuild_tensor_v2").raw("(");
    writer.storage(storage_class(stored.dtype), "0", stored.shape.num_elements()).integer(offset);
    writer.integers(sizes).integers(strides).raw("\x89)tRs");
    write_torch_zip(path, writer.finish(), {stored});
  }
};

std::vector<float> counting(std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i);
  return values;
}

TEST_F(TorchArchiveTest, Views_ofAnyStride_areGatheredInOrder) {
  const auto path = folder_ / "a.pth";
  const TestTensor stored = tensor_of("s", {24}, counting(24));
  write_view(path, stored, 0, {2, 3, 4}, {12, 4, 1});
  EXPECT_EQ(read_only_tensor(path), counting(24));
  write_view(path, stored, 1, {3, 2}, {1, 10});  // transposed, with an offset
  EXPECT_EQ(read_only_tensor(path), (std::vector<float>{1, 11, 2, 12, 3, 13}));
  write_view(path, stored, 5, {2, 1, 2}, {8, 99, 3});  // an axis of one has any stride
  EXPECT_EQ(read_only_tensor(path), (std::vector<float>{5, 8, 13, 16}));
  write_view(path, stored, 7, {}, {});
  EXPECT_EQ(read_only_tensor(path), (std::vector<float>{7}));
  write_view(path, tensor_of("s", {24}, counting(24), DType::kBF16), 2, {2, 2}, {1, 4});
  EXPECT_EQ(read_only_tensor(path), (std::vector<float>{2, 6, 3, 7}));
}

TEST_F(TorchArchiveTest, ExpandedView_isRefusedWhenItIsRead) {
  const auto path = folder_ / "a.pth";
  write_view(path, tensor_of("s", {2}, counting(2)), 0, {1'000'000'000, 1'000'000'000}, {0, 0});
  const Result<CheckpointSource> source = open_checkpoint(path, tiny_config());
  ASSERT_TRUE(source.ok());
  const Result<DenseTensor> dense = read_source_tensor(source->tensors.at(0));
  EXPECT_EQ(dense.status().code(), StatusCode::kUnsupported);
  EXPECT_THAT(dense.status().message(), HasSubstr("x [1000000000,1000000000] repeats the 2 elements"));
}

TEST_F(TorchArchiveTest, Zip_thatIsDeflated_isReadToo) {
  const std::vector<TestTensor> state = formula_state(tiny_config());
  write_torch_zip(folder_ / "a.pth", PickleWriter().state_dict(state).finish(), state, {}, ZipMethod::kDeflate);
  expect_formula(options(folder_ / "a.pth"));
}

TEST_F(TorchArchiveTest, Zip_bombs_areRefusedBeforeTheyInflate) {
  // 256 MiB of zeros deflate to 260 kB.
  constexpr std::int64_t kCount = std::int64_t{64} << 20;
  TestTensor zeros{"x", DType::kF32, {kCount}, std::string(static_cast<std::size_t>(kCount) * 4, '\0')};
  PickleWriter writer;
  writer.raw("}").text("x").tensor(zeros, "0").raw("s");
  write_torch_zip(folder_ / "a.pth", writer.finish(), {zeros}, {}, ZipMethod::kDeflate);
  const Result<CheckpointSource> source = open_checkpoint(folder_ / "a.pth", tiny_config());
  ASSERT_TRUE(source.ok()) << source.status().message();
  const Status status = read_source_tensor(source->tensors.at(0)).status();
  EXPECT_EQ(status.code(), StatusCode::kTooLarge) << status.message();
  // A data.pkl over the limit.
  write_torch_zip(folder_ / "b.pth", std::string(kMaxPickleBytes + 1, 'N'), {}, {}, ZipMethod::kDeflate);
  EXPECT_EQ(open_refused(folder_ / "b.pth").code(), StatusCode::kTooLarge);
}

TEST_F(TorchArchiveTest, Zip_whoseStorageHasAnotherSize_isMalformed) {
  std::vector<TestTensor> state = {formula_tensor("x", {6})};
  const std::string pickle = PickleWriter().state_dict(state).finish();
  state[0].bytes += std::string(4, '\0');
  write_torch_zip(folder_ / "a.pth", pickle, state);
  const Status status = open_refused(folder_ / "a.pth");
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_THAT(status.message(),
              HasSubstr("archive/data/0 has 28 bytes, but the pickle says 6 elements of float32 (24"));
}

TEST_F(TorchArchiveTest, Zip_withoutItsStorage_namesTheTensor) {
  const std::vector<TestTensor> state = {formula_tensor("x", {6}), formula_tensor("y", {6})};
  write_torch_zip(folder_ / "a.pth", PickleWriter().state_dict(state).finish(), {state[0]});
  const Status status = open_refused(folder_ / "a.pth");
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_THAT(status.message(), HasSubstr("tensor y: entry archive/data/1 is not in the archive"));
}

TEST_F(TorchArchiveTest, Zip_ofBigEndianMachine_isRefused) {
  const std::vector<TestTensor> state = formula_state(tiny_config());
  const std::string pickle = PickleWriter().state_dict(state).finish();
  write_torch_zip(folder_ / "a.pth", pickle, state, {{"archive/byteorder", "big"}});
  EXPECT_EQ(open_refused(folder_ / "a.pth").code(), StatusCode::kUnsupported);
  write_torch_zip(folder_ / "b.pth", pickle, state, {{"archive/byteorder", "little"}});
  expect_formula(options(folder_ / "b.pth"));
}

TEST_F(TorchArchiveTest, Zip_withOneByteOfAWeightChanged_failsItsChecksum) {
  const std::vector<TestTensor> state = formula_state(tiny_config());
  write_torch_zip(folder_ / "a.pth", state);
  std::string bytes = slurp(folder_ / "a.pth");
  const std::size_t at = bytes.find(state[0].bytes);
  ASSERT_NE(at, std::string::npos);
  bytes[at + 5] = static_cast<char>(bytes[at + 5] ^ 1);
  spill(folder_ / "a.pth", bytes);
  const Status status = expect_refused(options(folder_ / "a.pth"));
  EXPECT_EQ(status.code(), StatusCode::kMalformed);
  EXPECT_THAT(status.message(), HasSubstr("does not match its checksum"));
}

TEST_F(TorchArchiveTest, Zip_thatTorchSaveDidNotWrite_isNamed) {
  write_torch_zip(folder_ / "script.pt", PickleWriter().raw("}").finish(), {}, {{"archive/constants.pkl", "x"}});
  EXPECT_THAT(open_refused(folder_ / "script.pt").message(), HasSubstr("TorchScript"));
  write_torch_zip(folder_ / "two.pth", PickleWriter().raw("}").finish(), {}, {{"b/data.pkl", "x"}});
  EXPECT_EQ(open_refused(folder_ / "two.pth").code(), StatusCode::kMalformed);
}

TEST_F(TorchArchiveTest, Legacy_file_givesTheWeights) {
  write_torch_legacy(folder_ / "a.pth", formula_state(tiny_config()));
  expect_formula(options(folder_ / "a.pth"));
}

TEST_F(TorchArchiveTest, Legacy_everyCut_isMalformed) {
  write_torch_legacy(folder_ / "a.pth", {formula_tensor("x", {6}), formula_tensor("y", {3})});
  const std::string bytes = slurp(folder_ / "a.pth");
  ASSERT_TRUE(open_checkpoint(folder_ / "a.pth", tiny_config()).ok());
  for (std::size_t length = 15; length < bytes.size(); ++length) {
    spill(folder_ / "cut.pth", std::string_view(bytes).substr(0, length));
    EXPECT_EQ(open_refused(folder_ / "cut.pth").code(), StatusCode::kMalformed) << length;
  }
}

TEST_F(TorchArchiveTest, Legacy_storageWithAnotherCount_isMalformed) {
  const std::vector<TestTensor> state = {formula_tensor("x", {6})};
  write_torch_legacy(folder_ / "a.pth", state);
  std::string bytes = slurp(folder_ / "a.pth");
  bytes[bytes.size() - state[0].bytes.size() - 8] = 5;
  spill(folder_ / "a.pth", bytes);
  EXPECT_THAT(open_refused(folder_ / "a.pth").message(),
              HasSubstr("storage \"0\" has 5 elements, but the pickle says 6"));
}

TEST_F(TorchArchiveTest, OtherFiles_areRefusedByKind) {
  spill(folder_ / "empty", "");
  EXPECT_THAT(open_refused(folder_ / "empty").message(), HasSubstr("empty"));
  std::string tar(512, '\0');
  tar.replace(257, 5, "ustar");
  spill(folder_ / "old.tar", tar);
  EXPECT_THAT(open_refused(folder_ / "old.tar").message(), HasSubstr("tar archive"));
  spill(folder_ / "pickle", PickleWriter().raw("N").finish());
  EXPECT_THAT(open_refused(folder_ / "pickle").message(), HasSubstr("a pickle that torch.save did not write"));
  spill(folder_ / "text", "hello world, no weights here");
  EXPECT_EQ(open_refused(folder_ / "text").code(), StatusCode::kUnsupported);
  std::filesystem::create_directory(folder_ / "nothing");
  EXPECT_EQ(open_refused(folder_ / "nothing").code(), StatusCode::kUnsupported);
  EXPECT_EQ(open_refused(folder_ / "none").code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace edgemoe
