#include "checkpoint/rank_directory.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/file.h"
#include "base/text.h"

namespace edgemoe {
namespace {

constexpr int kMaxRanks = 4096;

/// The rank that a file is called after: 3.pth, 3.pt.
std::optional<int> rank_of(const std::filesystem::path& file) {
  if (file.extension() != ".pth" && file.extension() != ".pt") return std::nullopt;
  const std::string stem = file.stem().string();
  int rank = 0;
  const auto [end, error] = std::from_chars(stem.data(), stem.data() + stem.size(), rank);
  if (error != std::errc() || end != stem.data() + stem.size() || rank < 0 || rank >= kMaxRanks) return std::nullopt;
  return rank;
}

Result<std::map<int, std::filesystem::path>> list_ranks(const std::filesystem::path& directory,
                                                        std::vector<std::string>& others) {
  std::map<int, std::filesystem::path> ranks;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::optional<int> rank = rank_of(entry->path());
    if (!rank) {
      others.push_back(entry->path().filename().string());
      continue;
    }
    const auto [place, is_new] = ranks.emplace(*rank, entry->path());
    if (!is_new) {
      return mismatch("{}: rank {} stands twice, as {} and as {}", directory.string(), *rank,
                      place->second.filename().string(), entry->path().filename().string());
    }
  }
  if (error) return io_error("{}: {}", directory.string(), error.message());
  for (int rank = 0; rank <= ranks.rbegin()->first; ++rank) {
    if (!ranks.contains(rank)) {
      return not_found("{}: {}.pth is missing (ranks go up to {})", directory.string(), rank, ranks.rbegin()->first);
    }
  }
  return ranks;
}

Result<CheckpointSource> open_rank(const std::filesystem::path& path) {
  EDGEMOE_ASSIGN_OR_RETURN(MappedFile mapped, MappedFile::open(path));
  auto file = std::make_shared<MappedFile>(std::move(mapped));
  return open_checkpoint_bytes({file->bytes(), file}, path.string());
}

const SourceTensor* find_tensor(const CheckpointSource& source, std::string_view name) {
  for (const SourceTensor& tensor : source.tensors) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

/// Puts another rank's experts behind those already in `whole`.
Status append_experts(SourceTensor& whole, const CheckpointSource& rank) {
  const SourceTensor* shard = find_tensor(rank, whole.name);
  if (shard == nullptr) return mismatch("{}: tensor {} is missing", rank.path, printable(whole.name));
  const Shape one_rank(whole.parts[0].sizes);
  if (shard->type != whole.type) {
    return mismatch("{}: tensor {} is of type {}, but rank 0 has {}: convert the ranks to one type", rank.path,
                    printable(whole.name), shard->type->dtype, whole.type->dtype);
  }
  if (shard->shape != one_rank) {
    return mismatch("{}: tensor {} is {}, but rank 0 has {}: every rank holds the same number of experts", rank.path,
                    printable(whole.name), shard->shape.to_string(), one_rank.to_string());
  }
  std::vector<std::int64_t> dims(whole.shape.dims().begin(), whole.shape.dims().end());
  if (dims.empty() || __builtin_add_overflow(dims[0], one_rank[0], &dims[0]) || !Shape(dims).checked_num_elements()) {
    return malformed("{}: tensor {} {} can't hold experts", rank.path, printable(whole.name), whole.shape.to_string());
  }
  whole.shape = Shape(std::move(dims));
  whole.parts.push_back(shard->parts[0]);
  return {};
}

/// The experts of one rank of a tensor that holds several ranks'.
SourceTensor one_part(const SourceTensor& whole, std::size_t rank) {
  SourceTensor part = whole;
  part.parts = {whole.parts[rank]};
  part.shape = Shape(part.parts[0].sizes);
  return part;
}

/// A rank whose experts are another's, byte for byte, is a copy under a wrong name.
Status check_no_copies(const std::vector<SourceTensor*>& experts, const std::map<int, std::filesystem::path>& ranks) {
  for (const auto& [a, first] : ranks) {
    for (const auto& [b, second] : ranks) {
      if (b <= a) continue;
      bool same = true;
      for (std::size_t i = 0; same && i < experts.size(); ++i) {
        EDGEMOE_ASSIGN_OR_RETURN(const DenseTensor one,
                                 read_source_tensor(one_part(*experts[i], static_cast<std::size_t>(a))));
        EDGEMOE_ASSIGN_OR_RETURN(const DenseTensor other,
                                 read_source_tensor(one_part(*experts[i], static_cast<std::size_t>(b))));
        same = std::ranges::equal(one.view.bytes, other.view.bytes);
      }
      if (same) {
        return mismatch(
            "{} and {} hold the same experts: one is a copy; every rank has experts of its own. (If "
            "they are meant to be equal, join the ranks into one file first)",
            first.string(), second.string());
      }
    }
  }
  return {};
}

}  // namespace

bool is_rank_directory(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (rank_of(entry->path())) return true;
  }
  return false;
}

Result<CheckpointSource> open_rank_directory(const std::filesystem::path& directory) {
  std::vector<std::string> others;
  EDGEMOE_ASSIGN_OR_RETURN(const auto ranks, list_ranks(directory, others));
  EDGEMOE_ASSIGN_OR_RETURN(CheckpointSource whole, open_rank(ranks.at(0)));
  std::vector<SourceTensor*> experts;
  for (SourceTensor& tensor : whole.tensors) {
    if (is_expert_name(tensor.name)) experts.push_back(&tensor);
  }
  if (experts.empty()) return mismatch("{}: rank 0 holds no expert tensors (…experts.htoh4…)", whole.path);
  for (const auto& [rank, path] : ranks) {
    if (rank == 0) continue;
    EDGEMOE_ASSIGN_OR_RETURN(const CheckpointSource shard, open_rank(path));
    for (SourceTensor* tensor : experts) EDGEMOE_RETURN_IF_ERROR(append_experts(*tensor, shard));
    for (const SourceTensor& tensor : shard.tensors) {
      if (!is_expert_name(tensor.name)) {
        whole.beside.push_back(path.filename().string() + ": " + printable(tensor.name));
      } else if (find_tensor(whole, tensor.name) == nullptr) {
        return mismatch("{}: expert tensor {} is not in rank 0", shard.path, printable(tensor.name));
      }
    }
    for (const auto& [prefix, count] : shard.stripped) whole.stripped[prefix] += count;
  }
  EDGEMOE_RETURN_IF_ERROR(check_no_copies(experts, ranks));
  whole.path = directory.string();
  whole.format = CheckpointFormat::kRankDirectory;
  whole.extra_files = std::move(others);
  return whole;
}

}  // namespace edgemoe
