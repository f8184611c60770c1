// Runs every task of a model on one picture and writes a preview of each map:  run_picture model.safetensors street.jpg
#include <edgemoe/edgemoe.h>

#include <cstdio>

namespace {

int fail(const edgemoe::Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return fail({edgemoe::StatusCode::kInvalidArgument, "usage: run_picture MODEL PICTURE"});
  auto model = edgemoe::Model::load(argv[1]);
  if (!model.ok()) return fail(model.status());
  const auto picture = edgemoe::read_picture(argv[2]);
  if (!picture.ok()) return fail(picture.status());
  const auto maps = model->run(picture->view());
  if (!maps.ok()) return fail(maps.status());
  for (const edgemoe::Map& map : *maps) {
    const std::string path = map.task + ".png";
    if (const auto status = edgemoe::write_preview(map, path); !status.ok()) return fail(status);
    std::printf("%s: %zux%zu, see %s\n", map.task.c_str(), map.width, map.height, path.c_str());
  }
  return 0;
}
