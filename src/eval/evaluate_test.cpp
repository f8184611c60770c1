#include "eval/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/random.h"
#include "eval/report.h"
#include "image/palette.h"
#include "pipeline/test_model.h"

namespace edgemoe {
namespace {

using ::testing::HasSubstr;

const std::vector<TaskKind> kTasks = {TaskKind::kSemseg, TaskKind::kNormals, TaskKind::kDepth};
constexpr std::size_t kHeight = 20;
constexpr std::size_t kWidth = 31;
constexpr DepthCap kCap = {1e-6, 1e6};  // every positive depth of a seeded model

class MemoryDataset final : public Dataset {
 public:
  explicit MemoryDataset(std::vector<Sample> samples)
      : Dataset({.folder = "memory", .tasks = kTasks, .num_classes = 5}), samples_(std::move(samples)) {}
  std::size_t size() const override { return samples_.size(); }
  Result<Sample> read(std::size_t index, const SampleRequest& /*request*/) const override { return samples_[index]; }

 private:
  std::vector<Sample> samples_;
};

/// Noise whose ground truth is what the model itself says. Depths that are not positive have no truth.
std::vector<Sample> own_truth(Pipeline& pipeline, std::size_t count) {
  std::vector<Sample> samples(count);
  std::vector<const Image*> pictures;
  Random random(7);
  for (std::size_t i = 0; i < count; ++i) {
    samples[i].name = "picture" + std::to_string(i);
    samples[i].height = kHeight;
    samples[i].width = kWidth;
    samples[i].image = make_image(kWidth, kHeight);
    for (std::uint8_t& value : samples[i].image.samples8) value = static_cast<std::uint8_t>(random.below(256));
    pictures.push_back(&samples[i].image);
  }
  const std::vector<int> tasks = {0, 1, 2};
  const auto run = pipeline.run(pictures, {.tasks = tasks, .maps = [&](std::size_t picture, TaskMap map) -> Status {
                                             if (map.task == TaskKind::kSemseg) samples[picture].labels = map.labels;
                                             if (map.task == TaskKind::kNormals) samples[picture].normals = map.values;
                                             if (map.task == TaskKind::kDepth) samples[picture].depth = map.values;
                                             return {};
                                           }});
  EXPECT_TRUE(run.ok());
  return samples;
}

EvalOptions options() {
  EvalOptions out{.tasks = kTasks, .depth = {kCap}};
  out.semseg_classes.to_model = plain_labels(5, kIgnoreLabel);
  out.semseg_classes.how = "by number";
  return out;
}

const ConfusionMatrix& labels(const TaskScore& score) { return std::get<LabelSums>(score.sums).confusion; }

TEST(Evaluate, modelAgainstItsOwnMaps_isPerfect) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline({.max_batch = 2});
  const MemoryDataset data(own_truth(*pipeline, 3));
  const auto result = evaluate(*pipeline, data, options());
  ASSERT_TRUE(result.ok()) << result.status().message();
  EXPECT_EQ(result->num_pictures, 3u);
  ASSERT_EQ(result->model.size(), 3u);
  EXPECT_EQ(labels(result->model[0]).mean_iou(), 1.0);
  EXPECT_EQ(labels(result->model[0]).num_scored(), 3 * kHeight * kWidth);
  const auto& normals = std::get<NormalsSums>(result->model[1].sums);
  EXPECT_EQ(normals.mean(), 0);
  EXPECT_EQ(normals.num_scored(), 3 * kHeight * kWidth);
  const auto& depth = std::get<DepthSums>(result->model[2].sums);
  EXPECT_GT(depth.num_scored, kHeight * kWidth);
  EXPECT_EQ(depth.abs_rel(), 0);
  EXPECT_EQ(depth.delta(0), 1);
  EXPECT_TRUE(result->prior.empty());
  EXPECT_TRUE(result->routing.empty());
}

TEST(Evaluate, frames_measureFlicker_andSteadyLessensIt_inAnyBatch) {
  const TestModel model("tiny", 5);
  std::vector<Sample> samples = own_truth(*model.pipeline(), 5);
  // The truth stands still while the pictures, noise each, do not.
  for (Sample& sample : samples) {
    sample.labels = samples.front().labels;
    sample.depth = samples.front().depth;
    sample.normals = samples.front().normals;
  }
  const MemoryDataset data(samples);
  const auto flicker = [&](double steady, int batch) {
    EvalOptions chosen = options();
    chosen.order = PictureOrder::kFrames;
    chosen.steady = steady;
    const auto pipeline = model.pipeline({.max_batch = batch});
    const auto result = evaluate(*pipeline, data, chosen);
    EXPECT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(result->flicker.size(), 3u);
    return result->flicker;
  };
  const auto plain = flicker(0, 1);
  const auto steady = flicker(0.8, 1);
  const auto batched = flicker(0.8, 3);
  for (std::size_t t = 0; t < 3; ++t) {
    EXPECT_GT(plain[t].num_still, 0u);
    EXPECT_LT(steady[t].mean(), plain[t].mean()) << task_name(plain[t].task);
    EXPECT_EQ(steady[t].change_sum, batched[t].change_sum);
  }
}

TEST(Evaluate, oneFlippedLabel_lowersTheAccuracyByOnePixel) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline();
  std::vector<Sample> samples = own_truth(*pipeline, 2);
  std::uint8_t& label = samples[1].labels[17];
  label = static_cast<std::uint8_t>((label + 1) % 5);
  const auto result = evaluate(*pipeline, MemoryDataset(std::move(samples)), options());
  ASSERT_TRUE(result.ok());
  const double pixels = 2 * kHeight * kWidth;
  EXPECT_DOUBLE_EQ(labels(result->model[0]).pixel_accuracy().value(), (pixels - 1) / pixels);
}

TEST(Evaluate, threadsAndBatch_changeNothing) {
  const TestModel model("tiny", 5);
  std::vector<Sample> samples = own_truth(*model.pipeline(), 5);
  Random random(2);
  for (Sample& sample : samples) {
    for (float& depth : sample.depth) depth *= random.uniform(0.5F, 2);
    for (float& normal : sample.normals) normal += random.uniform(-1, 1);
  }
  const MemoryDataset data(std::move(samples));
  const auto expected = evaluate(*model.pipeline(), data, options());
  ASSERT_TRUE(expected.ok());
  for (const int threads : {2, 5}) {
    const auto pipeline = model.pipeline({.num_threads = threads, .max_batch = threads});
    const auto result = evaluate(*pipeline, data, options());
    ASSERT_TRUE(result.ok());
    const auto& depth = std::get<DepthSums>(result->model[2].sums);
    EXPECT_EQ(depth.log_square_sum, std::get<DepthSums>(expected->model[2].sums).log_square_sum);
    EXPECT_EQ(std::get<NormalsSums>(result->model[1].sums).mean(),
              std::get<NormalsSums>(expected->model[1].sums).mean());
  }
}

TEST(Evaluate, limitAndPictures_comeInTheDatasOrder) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline({.max_batch = 2});
  const MemoryDataset data(own_truth(*pipeline, 5));
  EvalOptions chosen = options();
  chosen.limit = 3;
  std::vector<std::string> names;
  chosen.on_picture = [&](const PictureScore& picture) {
    EXPECT_EQ(picture.tasks.size(), 3u);
    names.push_back(picture.name);
    return Status();
  };
  std::vector<std::size_t> steps;
  chosen.progress = [&](std::size_t done, std::size_t total) {
    EXPECT_EQ(total, 3u);
    steps.push_back(done);
  };
  ASSERT_TRUE(evaluate(*pipeline, data, chosen).ok());
  EXPECT_THAT(names, ::testing::ElementsAre("picture0", "picture1", "picture2"));
  EXPECT_THAT(steps, ::testing::ElementsAre(2, 3));
}

TEST(Evaluate, faultOfAPicture_endsIt) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline();
  const MemoryDataset data(own_truth(*pipeline, 2));
  EvalOptions chosen = options();
  chosen.on_picture = [](const PictureScore&) { return Status(StatusCode::kIo, "disk full"); };
  EXPECT_EQ(evaluate(*pipeline, data, chosen).status().code(), StatusCode::kIo);
}

TEST(Evaluate, nothingToScore_isAnError) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline();
  std::vector<Sample> samples = own_truth(*pipeline, 1);
  samples[0].labels.assign(samples[0].labels.size(), kIgnoreLabel);
  const auto result = evaluate(*pipeline, MemoryDataset(std::move(samples)), options());
  EXPECT_EQ(result.status().code(), StatusCode::kMismatch);
  EXPECT_THAT(result.status().message(), HasSubstr("no pixel of semseg"));
}

TEST(Evaluate, priorOfItsOwnSinglePicture_isPerfect_andOfAnotherSizeRefused) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline();
  const MemoryDataset data(own_truth(*pipeline, 1));
  auto prior = build_prior(pipeline->config(), data, {.tasks = kTasks, .semseg_classes = options().semseg_classes},
                           pipeline->pool());
  ASSERT_TRUE(prior.ok()) << prior.status().message();
  EvalOptions chosen = options();
  chosen.prior = &*prior;
  const auto result = evaluate(*pipeline, data, chosen);
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->prior.size(), 3u);
  EXPECT_EQ(labels(result->prior[0]).mean_iou(), 1.0);
  EXPECT_LT(std::get<NormalsSums>(result->prior[1].sums).mean(), 1e-4) << "float32 unit vectors";
  EXPECT_EQ(std::get<DepthSums>(result->prior[2].sums).abs_rel(), 0);
  prior->width += 1;
  EXPECT_EQ(evaluate(*pipeline, data, chosen).status().code(), StatusCode::kMismatch);
}

TEST(Evaluate, routing_countsEveryTokensPicks) {
  for (const std::string name : {"tiny", "tiny-shared"}) {
    const TestModel model(name, 5);
    const auto pipeline = model.pipeline({.max_batch = 2});
    const ModelConfig& config = pipeline->config();
    std::vector<Sample> samples = own_truth(*model.pipeline(), 3);
    EvalOptions chosen = options();
    chosen.tasks = {TaskKind::kSemseg, TaskKind::kDepth};
    chosen.routing = RoutingUse::kCount;
    const auto result = evaluate(*pipeline, MemoryDataset(std::move(samples)), chosen);
    ASSERT_TRUE(result.ok()) << result.status().message();
    const std::size_t scopes = config.tasks_share_backbone() ? 1 : 2;
    ASSERT_EQ(result->routing.size(), scopes * config.moe.blocks.size());
    for (const ExpertHistogram& one : result->routing) {
      std::uint64_t picks = 0;
      for (const std::uint64_t expert : one.picks) picks += expert;
      EXPECT_EQ(picks, 3u * static_cast<unsigned>(config.num_tokens() * config.moe.top_k));
    }
  }
}

TEST(ScoreMap, nonFiniteLogits_areCounted) {
  ThreadPool pool(1);
  Sample sample{.name = "one", .height = 1, .width = 2};
  sample.labels = {0, 1};
  const TaskMap map{.task = TaskKind::kSemseg, .height = 1, .width = 2, .labels = {0, 0}, .num_non_finite = 1};
  TaskScore total = empty_score(TaskKind::kSemseg, {.num_classes = 2});
  for (int i = 0; i < 2; ++i) total.merge(score_map(map, sample, {.num_classes = 2}, pool));
  EXPECT_EQ(std::get<LabelSums>(total.sums).num_non_finite, 2u);
  EXPECT_EQ(total.num_scored(), 4u);
}

TEST(ToModelClasses, humanPartThatIsNoOutput_isAnError) {
  Sample sample{.name = "one", .height = 1, .width = 2};
  sample.human_parts = {6, 255};
  EXPECT_TRUE(to_model_classes(sample, {}, 7).ok());
  sample.human_parts = {7, 255};
  const Status status = to_model_classes(sample, {}, 7);
  EXPECT_EQ(status.code(), StatusCode::kMismatch);
  EXPECT_THAT(status.message(), HasSubstr("human_parts"));
}

TEST(Report, tableAndJson_sayTheSame_within100Columns) {
  const TestModel model("tiny", 5);
  const auto pipeline = model.pipeline();
  const MemoryDataset data(own_truth(*pipeline, 2));
  const auto prior = build_prior(pipeline->config(), data,
                                 {.tasks = kTasks, .semseg_classes = options().semseg_classes}, pipeline->pool());
  ASSERT_TRUE(prior.ok());
  EvalOptions chosen = options();
  chosen.prior = &*prior;
  chosen.routing = RoutingUse::kCount;
  const auto result = evaluate(*pipeline, data, chosen);
  ASSERT_TRUE(result.ok());
  const EvalContext context{.version = "1",
                            .model_file = "m.safetensors",
                            .config = pipeline->config(),
                            .data = data.info(),
                            .num_data_pictures = 2,
                            .prior_folder = "train",
                            .num_prior_pictures = 2,
                            .not_scored = {{TaskKind::kEdge, std::string(why_not_scorable(TaskKind::kEdge))}},
                            .seconds = 0.5};
  const std::string table = eval_table(context, chosen, *result);
  std::istringstream lines(table);
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    if (line.starts_with("note")) continue;  // a sentence
    EXPECT_LE(line.size(), 100u) << line;
  }
  EXPECT_GT(count, 30u);
  const nlohmann::json json = nlohmann::json::parse(eval_json(context, chosen, *result));
  EXPECT_EQ(json["results"]["semseg"]["model"]["mean_iou"], 1.0);
  EXPECT_THAT(table, HasSubstr("mean IoU                    1.0000"));
  EXPECT_EQ(json["results"]["depth"]["prior"]["abs_rel"], std::get<DepthSums>(result->prior[2].sums).abs_rel());
  EXPECT_EQ(json["routing"].size(), pipeline->config().moe.blocks.size());
  EXPECT_EQ(json["run"]["pictures_per_second"], 4.0);
  EXPECT_TRUE(json["not_scored"].contains("edge"));
  EXPECT_THAT(table, HasSubstr("edge not scored"));
}

TEST(Report, csv_quotesNames_andLeavesMissingValuesEmpty) {
  EXPECT_EQ(csv_header(std::vector<TaskKind>{TaskKind::kSemseg}),
            "picture,width,height,semseg_pixels,semseg_mean_iou,semseg_pixel_accuracy\n");
  const PictureScore picture{
      "a \"b\", c", 2, 3, {empty_score(TaskKind::kSemseg, {.num_classes = 2}), empty_score(TaskKind::kDepth, {})}};
  EXPECT_EQ(csv_row(picture), "\"a \"\"b\"\", c\",3,2,0,,,0,,,,\n");
}

}  // namespace
}  // namespace edgemoe
