// edgemoe._core: the public C++ API as Python objects; the package around it (edgemoe/*.py) is what people import.
//
// Pictures are borrowed from NumPy where their pixels follow each other, and copied once where they do not. Maps go out
// as arrays that own the memory that the library filled. The interpreter's lock is not held while the library works.
#include <cxxabi.h>
#include <edgemoe/edgemoe.h>
#include <edgemoe/video.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace py = pybind11;

namespace edgemoe {
namespace {

/// A Status on its way to Python, where it becomes the class of edgemoe.errors that goes with its code.
class Fault : public std::exception {
 public:
  explicit Fault(Status status) : status_(std::move(status)) {}
  const Status& status() const { return status_; }
  const char* what() const noexcept override { return status_.message().c_str(); }

 private:
  Status status_;
};

void raise_fault(const Fault& fault) {
  const std::string code(status_code_name(fault.status().code()));
  try {
    const py::object error = py::module_::import("edgemoe.errors").attr("from_code")(code, fault.status().message());
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  } catch (py::error_already_set& broken) {
    broken.restore();
  }
}

/// Lets other Python threads run while it lives. A daemon thread that wants the interpreter's lock back when the
/// interpreter ends is unwound by CPython (before 3.14) from within, which no destructor may let pass: the process
/// would abort. Here it sleeps until the process has ended, as from 3.14 on.
class WithoutLock {
 public:
  WithoutLock() : thread_(PyEval_SaveThread()) {}
  ~WithoutLock() {
    try {
      PyEval_RestoreThread(thread_);
    } catch (const abi::__forced_unwind&) {
      for (;;) pause();
    }
  }
  WithoutLock(const WithoutLock&) = delete;
  WithoutLock& operator=(const WithoutLock&) = delete;

 private:
  PyThreadState* thread_;
};

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result.ok()) throw Fault(result.status());
  return std::move(result).value();
}

void ok_or_throw(const Status& status) {
  if (!status.ok()) throw Fault(status);
}

/// An array that owns `values` through a capsule: nothing is copied.
template <typename Sample, typename Held>
py::array as_array(std::vector<Held> values, std::vector<py::ssize_t> shape) {
  auto held = std::make_unique<std::vector<Held>>(std::move(values));
  const void* samples = held->data();
  const py::capsule owner(held.get(), [](void* memory) { delete static_cast<std::vector<Held>*>(memory); });
  held.release();
  return py::array_t<Sample>(std::move(shape), static_cast<const Sample*>(samples), owner);
}

py::array as_array(Map map) {
  std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(map.height), static_cast<py::ssize_t>(map.width)};
  if (map.num_classes > 0) return as_array<std::uint8_t>(std::move(map.labels), std::move(shape));
  if (map.channels > 1) shape.push_back(static_cast<py::ssize_t>(map.channels));
  return as_array<float>(std::move(map.values), std::move(shape));
}

py::array as_array(Picture picture) {
  const std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(picture.height),
                                          static_cast<py::ssize_t>(picture.width), 3};
  if (picture.format == PixelFormat::kRgb16) return as_array<std::uint16_t>(std::move(picture.bytes), shape);
  return as_array<std::uint8_t>(std::move(picture.bytes), shape);
}

/// An array, and whether blue comes first in it.
using GivenPicture = std::pair<py::array, bool>;

/// A picture as the library wants it, in the array's own memory or, where it does not lie so, in that of a copy.
class BorrowedPicture {
 public:
  explicit BorrowedPicture(const GivenPicture& given);
  const PictureView& view() const { return view_; }

 private:
  py::array array_;
  PictureView view_;
};

/// Whether samples and pixels of a row follow each other, and rows go forwards: what a PictureView can say. NumPy
/// leaves the stride of a dimension of one open.
bool is_view(const py::array& array) {
  const py::ssize_t pixel_bytes = array.itemsize() * 3;
  return array.strides(2) == array.itemsize() && (array.shape(1) <= 1 || array.strides(1) == pixel_bytes) &&
         (array.shape(0) <= 1 || array.strides(0) >= array.shape(1) * pixel_bytes);
}

BorrowedPicture::BorrowedPicture(const GivenPicture& given) : array_(given.first) {
  const bool is_16_bit = py::isinstance<py::array_t<std::uint16_t>>(array_);
  if (array_.ndim() != 3 || array_.shape(2) != 3 || !(is_16_bit || py::isinstance<py::array_t<std::uint8_t>>(array_))) {
    throw std::invalid_argument("edgemoe._core: expected uint8 or uint16 pictures of shape (height, width, 3)");
  }
  if (!is_view(array_)) array_ = py::module_::import("numpy").attr("ascontiguousarray")(array_);
  view_ = {.pixels = array_.data(),
           .width = static_cast<std::size_t>(array_.shape(1)),
           .height = static_cast<std::size_t>(array_.shape(0)),
           .row_stride_bytes = array_.shape(0) > 1 ? static_cast<std::size_t>(array_.strides(0)) : 0,
           .format = given.second ? PixelFormat::kBgr8 : PixelFormat::kRgb8};
  if (is_16_bit) view_.format = PixelFormat::kRgb16;
}

/// A model for any number of Python threads: runs one at a time. A forked process has none of the threads that the
/// model computes with, so there it refuses to run, and is not taken down.
class SharedModel {
 public:
  SharedModel(const std::string& path, const LoadOptions& options)
      : model_(std::make_unique<Model>(value_or_throw(Model::load(path, options)))) {}
  ~SharedModel() {
    if (getpid() != process_) static_cast<void>(model_.release());
  }
  SharedModel(const SharedModel&) = delete;
  SharedModel& operator=(const SharedModel&) = delete;

  const ModelInfo& info() const { return model_->info(); }

  /// What `work` makes of the model, without the interpreter's lock. Throws Fault.
  template <typename Work>
  auto with_model(Work work) {
    if (getpid() != process_) {
      throw Fault({StatusCode::kInvalidArgument,
                   "the model was loaded before this process was forked, and its threads stayed behind; load it in the "
                   "process that runs it, or start processes by \"spawn\""});
    }
    const WithoutLock unlocked;
    const std::lock_guard<std::mutex> one_at_a_time(mutex_);
    return value_or_throw(work(*model_));
  }

 private:
  std::unique_ptr<Model> model_;
  std::mutex mutex_;
  pid_t process_ = getpid();
};

std::unique_ptr<SharedModel> load(const std::string& path, int num_threads, const std::string& number_type,
                                  const std::string& instruction_set, int max_batch) {
  const WithoutLock unlocked;
  return std::make_unique<SharedModel>(path, LoadOptions{.num_threads = num_threads,
                                                         .number_type = number_type,
                                                         .instruction_set = instruction_set,
                                                         .max_batch = max_batch});
}

/// A video for any number of Python threads: one reads at a time, and each frame goes to one of them. A forked process
/// has none of the threads that the decoder works with, so there it refuses to read, and is not taken down.
class SharedVideo {
 public:
  SharedVideo(const std::string& path, const VideoOptions& options)
      : reader_(std::make_unique<VideoReader>(value_or_throw(VideoReader::open(path, options)))) {}
  ~SharedVideo() {
    if (getpid() != process_) {
      static_cast<void>(reader_.release());
      return;
    }
    const WithoutLock unlocked;
    reader_.reset();
  }
  SharedVideo(const SharedVideo&) = delete;
  SharedVideo& operator=(const SharedVideo&) = delete;

  const VideoInfo& info() const { return reader_->info(); }
  void interrupt() { reader_->interrupt(); }

  /// None at the end. The frame's memory is the caller's.
  std::optional<VideoFrame> read() {
    if (getpid() != process_) {
      throw Fault({StatusCode::kInvalidArgument,
                   "the video was opened before this process was forked, and its decoder stayed behind; open it in the "
                   "process that reads it"});
    }
    const WithoutLock unlocked;
    const std::lock_guard<std::mutex> one_at_a_time(mutex_);
    VideoFrame frame;
    if (!value_or_throw(reader_->read(frame))) return std::nullopt;
    return frame;
  }

  std::int64_t num_damaged() {
    const WithoutLock unlocked;
    const std::lock_guard<std::mutex> one_at_a_time(mutex_);
    return reader_->num_damaged();
  }

 private:
  std::unique_ptr<VideoReader> reader_;
  std::mutex mutex_;
  pid_t process_ = getpid();
};

std::unique_ptr<SharedVideo> open_video(const std::string& path, bool loop, const std::string& camera_size,
                                        double camera_frame_rate) {
  const WithoutLock unlocked;
  return std::make_unique<SharedVideo>(
      path, VideoOptions{.loop = loop, .camera_size = camera_size, .camera_frame_rate = camera_frame_rate});
}

py::object read_frame(SharedVideo& video) {
  std::optional<VideoFrame> frame = video.read();
  if (!frame) return py::none();
  return py::make_tuple(as_array(std::move(frame->picture)), frame->number, frame->time_s);
}

py::dict by_task(std::vector<Map> maps) {
  py::dict arrays;
  for (Map& map : maps) {
    const py::str task(map.task);
    arrays[task] = as_array(std::move(map));
  }
  return arrays;
}

py::tuple as_tuple(Routing routing) {
  const std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(routing.grid_height),
                                          static_cast<py::ssize_t>(routing.grid_width),
                                          static_cast<py::ssize_t>(routing.top_k)};
  return py::make_tuple(routing.task, routing.block, as_array<std::int32_t>(std::move(routing.experts), shape),
                        as_array<float>(std::move(routing.weights), shape));
}

py::tuple run(SharedModel& model, const GivenPicture& picture, const std::vector<std::string>& tasks,
              std::size_t max_map_side, bool routing) {
  const BorrowedPicture borrowed(picture);
  RunReport report = model.with_model([&](Model& loaded) {
    return loaded.run_with_report(borrowed.view(), {.tasks = tasks, .max_map_side = max_map_side, .routing = routing});
  });
  py::list routings;
  for (Routing& one : report.routing) routings.append(as_tuple(std::move(one)));
  const RunTimes& times = report.times;
  return py::make_tuple(by_task(std::move(report.maps)), routings,
                        py::make_tuple(times.resize_ns, times.backbone_ns, times.head_ns, times.maps_ns));
}

py::list run_batch(SharedModel& model, const std::vector<GivenPicture>& pictures,
                   const std::vector<std::string>& tasks) {
  const std::vector<BorrowedPicture> borrowed(pictures.begin(), pictures.end());
  std::vector<PictureView> views;
  for (const BorrowedPicture& picture : borrowed) views.push_back(picture.view());
  std::vector<std::vector<Map>> maps = model.with_model([&](Model& loaded) { return loaded.run_batch(views, tasks); });
  py::list result;
  for (std::vector<Map>& of_picture : maps) result.append(by_task(std::move(of_picture)));
  return result;
}

py::array read(const std::string& path) {
  return as_array([&] {
    const WithoutLock unlocked;
    return value_or_throw(read_picture(path));
  }());
}

py::array decode(const py::buffer& file, std::size_t max_pixels) {
  const py::buffer_info bytes = file.request();
  if (!PyBuffer_IsContiguous(bytes.view(), 'C')) {
    throw Fault({StatusCode::kInvalidArgument, "decode_picture: expected bytes that follow each other"});
  }
  const std::span<const std::byte> span(static_cast<const std::byte*>(bytes.ptr),
                                        static_cast<std::size_t>(bytes.size * bytes.itemsize));
  return as_array([&] {
    const WithoutLock unlocked;
    return value_or_throw(decode_picture(span, max_pixels));
  }());
}

/// A map of the task, copied from an array whose type Python has checked; that its sizes agree the library checks.
Map to_map(const TaskInfo& task, const py::array& array) {
  Map map{.task = task.name, .unit = task.unit, .class_names = task.class_names};
  if (array.ndim() == 2 || array.ndim() == 3) {
    map.height = static_cast<std::size_t>(array.shape(0));
    map.width = static_cast<std::size_t>(array.shape(1));
    map.channels = array.ndim() == 3 ? static_cast<std::size_t>(array.shape(2)) : 1;
  }
  if (const auto labels = py::array_t<std::uint8_t, py::array::c_style>::ensure(array)) {
    map.num_classes = static_cast<std::size_t>(task.outputs);
    map.labels.assign(labels.data(), labels.data() + labels.size());
  } else if (const auto values = py::array_t<float, py::array::c_style>::ensure(array)) {
    map.values.assign(values.data(), values.data() + values.size());
  }
  return map;
}

void preview(const TaskInfo& task, const py::array& array, const std::string& path) {
  const Map map = to_map(task, array);
  const WithoutLock unlocked;
  ok_or_throw(write_preview(map, path));
}

py::array draw(const TaskInfo& task, const py::array& array) {
  const Map map = to_map(task, array);
  return as_array([&] {
    const WithoutLock unlocked;
    return value_or_throw(draw_map(map));
  }());
}

py::array draw_over(const GivenPicture& picture, const TaskInfo& task, const py::array& array, float alpha) {
  const BorrowedPicture borrowed(picture);
  const Map map = to_map(task, array);
  return as_array([&] {
    const WithoutLock unlocked;
    return value_or_throw(draw_overlay(borrowed.view(), map, alpha));
  }());
}

}  // namespace
}  // namespace edgemoe

PYBIND11_MODULE(_core, module) {
  using edgemoe::ModelInfo;
  using edgemoe::SharedModel;
  using edgemoe::SharedVideo;
  using edgemoe::TaskInfo;
  using edgemoe::VideoInfo;
  module.doc() = "The C++ library behind the package edgemoe, which is what to import.";
  py::register_local_exception_translator([](std::exception_ptr pending) {
    try {
      if (pending) std::rethrow_exception(pending);
    } catch (const edgemoe::Fault& fault) {
      edgemoe::raise_fault(fault);
    }
  });

  module.attr("__version__") = EDGEMOE_VERSION;

  py::class_<TaskInfo>(module, "TaskInfo", "What a model says of one of its tasks.")
      .def_readonly("name", &TaskInfo::name)
      .def_readonly("outputs", &TaskInfo::outputs)
      .def_readonly("unit", &TaskInfo::unit)
      .def_readonly("class_names", &TaskInfo::class_names)
      .def_readonly("class_colors", &TaskInfo::class_colors);
  py::class_<ModelInfo>(module, "ModelInfo", "What a model is, and how it runs here.")
      .def_readonly("name", &ModelInfo::name)
      .def_readonly("tasks", &ModelInfo::tasks)
      .def_readonly("input_height", &ModelInfo::input_height)
      .def_readonly("input_width", &ModelInfo::input_width)
      .def_readonly("patch_size", &ModelInfo::patch_size)
      .def_readonly("num_blocks", &ModelInfo::num_blocks)
      .def_readonly("moe_blocks", &ModelInfo::moe_blocks)
      .def_readonly("num_experts", &ModelInfo::num_experts)
      .def_readonly("top_k", &ModelInfo::top_k)
      .def_readonly("trained", &ModelInfo::trained)
      .def_readonly("number_type", &ModelInfo::number_type)
      .def_readonly("instruction_set", &ModelInfo::instruction_set)
      .def_readonly("num_threads", &ModelInfo::num_threads);

  py::class_<SharedModel>(module, "Model", "A loaded network; any thread may run it, one at a time does.")
      .def(py::init(&edgemoe::load), py::arg("path"), py::arg("num_threads"), py::arg("number_type"),
           py::arg("instruction_set"), py::arg("max_batch"))
      .def_property_readonly("info", &SharedModel::info, py::return_value_policy::reference_internal)
      .def("run", &edgemoe::run, py::arg("picture"), py::arg("tasks"), py::arg("max_map_side"), py::arg("routing"),
           "Maps by task; routing as (task, block, experts, weights); times of resize, backbone, heads and maps in ns. "
           "A "
           "picture is an array, and whether blue comes first in it.")
      .def("run_batch", &edgemoe::run_batch, py::arg("pictures"), py::arg("tasks"), "Maps by task of each picture.");
  py::class_<VideoInfo>(module, "VideoInfo", "A video as its container announces it; what that does not say is 0.")
      .def_readonly("width", &VideoInfo::width)
      .def_readonly("height", &VideoInfo::height)
      .def_readonly("frame_rate", &VideoInfo::frame_rate)
      .def_readonly("duration_s", &VideoInfo::duration_s)
      .def_readonly("num_frames", &VideoInfo::num_frames)
      .def_readonly("container", &VideoInfo::container)
      .def_readonly("codec", &VideoInfo::codec)
      .def_readonly("live", &VideoInfo::live);
  py::class_<SharedVideo>(module, "VideoReader", "An open video or camera; any thread may read it, one at a time does.")
      .def(py::init(&edgemoe::open_video), py::arg("path"), py::arg("loop"), py::arg("camera_size"),
           py::arg("camera_frame_rate"))
      .def_property_readonly("info", &SharedVideo::info, py::return_value_policy::reference_internal)
      .def_property_readonly("num_damaged", &SharedVideo::num_damaged)
      .def("read", &edgemoe::read_frame, "The next frame as (picture, number, seconds); None at the end.")
      .def("interrupt", &SharedVideo::interrupt, "Ends a read that waits, and all later ones.");
  module.def("video_supported", &edgemoe::video_supported, "Whether the library was built with FFmpeg.");
  module.def("read_picture", &edgemoe::read, py::arg("path"), "A picture file as an array.");
  module.def("decode_picture", &edgemoe::decode, py::arg("file"), py::arg("max_pixels"),
             "A picture file in memory as an array.");
  module.def("write_preview", &edgemoe::preview, py::arg("task"), py::arg("map"), py::arg("path"),
             "A map as people look at it, written as a PNG.");
  module.def("draw_map", &edgemoe::draw, py::arg("task"), py::arg("map"), "A map in colours.");
  module.def("draw_overlay", &edgemoe::draw_over, py::arg("picture"), py::arg("task"), py::arg("map"), py::arg("alpha"),
             "A map's colours over its picture.");
}
