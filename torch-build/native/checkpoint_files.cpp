// PyTorchFileReader and PyTorchFileWriter, which torch.load and torch.save read and write the
// zip archives of checkpoints with.

#include "module_parts.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/DynamicTypes.h>
#include <torch/csrc/Dtype.h>

using caffe2::serialize::PyTorchStreamReader;
using caffe2::serialize::PyTorchStreamWriter;

namespace {

// A Python object with seek, tell and read.
class FileObject : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit FileObject(py::object file) : file_(std::move(file)) {
    auto position = file_.attr("tell")();
    start_ = position.cast<size_t>();
    file_.attr("seek")(0, 2);
    size_ = file_.attr("tell")().cast<size_t>() - start_;
    file_.attr("seek")(position);
  }

  size_t size() const override { return size_; }

  size_t read(uint64_t position, void* buffer, size_t size, const char* /*what*/) const override {
    file_.attr("seek")(start_ + position);
    auto content = file_.attr("read")(size).cast<py::bytes>();
    std::string_view view = content;
    TORCH_CHECK(view.size() <= size, "read() returned more bytes than it was asked for");
    std::copy(view.begin(), view.end(), static_cast<char*>(buffer));
    return view.size();
  }

 private:
  py::object file_;
  size_t start_ = 0;
  size_t size_ = 0;
};

std::function<size_t(const void*, size_t)> writer_to(py::object file) {
  return [file = std::move(file)](const void* data, size_t size) {
    if (size == 0) {
      return size;
    }
    py::gil_scoped_acquire acquire;
    if (data == nullptr) {
      // A record whose bytes are filled in later.
      file.attr("seek")(size, 1);
    } else {
      file.attr("write")(py::memoryview::from_memory(data, static_cast<py::ssize_t>(size)));
    }
    return size;
  };
}

// A tensor without a shape, which carries the storage to Python.
at::Tensor tensor_of_record(
    PyTorchStreamReader& reader, const std::string& name, size_t count, const py::object& dtype) {
  // torch.load asks for bytes, by naming the class of untyped storages.
  auto type = THPDtype_Check(dtype.ptr())
      ? reinterpret_cast<THPDtype*>(dtype.ptr())->scalar_type
      : at::ScalarType::Byte;
  auto [data, size] = reader.getRecord(name);
  // Divided, for the product may overflow.
  TORCH_CHECK(
      size % c10::elementSize(type) == 0 && count == size / c10::elementSize(type), "the record ",
      name, " has ", size, " bytes, not those of ", count, " elements of ", type);
  c10::Storage storage(
      c10::Storage::use_byte_size_t(), size, std::move(data),
      /*allocator=*/nullptr, /*resizable=*/false);
  return at::Tensor(c10::make_intrusive<at::TensorImpl, at::UndefinedTensorImpl>(
      std::move(storage), at::DispatchKeySet(), at::CPU(type).typeMeta()));
}

} // namespace

void define_checkpoint_files(py::module_& m) {
  py::class_<PyTorchStreamReader, std::shared_ptr<PyTorchStreamReader>>(m, "PyTorchFileReader")
      .def(py::init<std::string>())
      .def(py::init([](py::object file) {
        return std::make_shared<PyTorchStreamReader>(std::make_shared<FileObject>(std::move(file)));
      }))
      .def("get_record",
          [](PyTorchStreamReader& self, const std::string& name) {
            auto [data, size] = self.getRecord(name);
            return py::bytes(static_cast<const char*>(data.get()), size);
          })
      .def("has_record",
          [](PyTorchStreamReader& self, const std::string& name) { return self.hasRecord(name); })
      .def("get_storage_from_record", &tensor_of_record)
      .def("get_record_offset",
          [](PyTorchStreamReader& self, const std::string& name) {
            return self.getRecordOffset(name);
          })
      .def("get_record_size",
          [](PyTorchStreamReader& self, const std::string& name) {
            return self.getRecordSize(name);
          })
      .def("get_all_records", [](PyTorchStreamReader& self) { return self.getAllRecords(); })
      .def("serialization_id", [](PyTorchStreamReader& self) { return self.serializationId(); });

  py::class_<PyTorchStreamWriter>(m, "PyTorchFileWriter")
      .def(py::init<std::string, bool>(), py::arg("file_name"), py::arg("compute_crc32") = true)
      .def(py::init([](py::object file, bool compute_crc32) {
             return std::make_unique<PyTorchStreamWriter>(writer_to(std::move(file)), compute_crc32);
           }),
          py::arg("buffer"), py::arg("compute_crc32") = true)
      .def("write_record_metadata",
          [](PyTorchStreamWriter& self, const std::string& name, size_t size) {
            self.writeRecord(name, nullptr, size);
          })
      .def("write_record",
          [](PyTorchStreamWriter& self, const std::string& name, const c10::Storage& storage,
             size_t size) {
            py::gil_scoped_release release;
            self.writeRecord(name, static_cast<const char*>(storage.data()), size);
          })
      .def("write_record",
          [](PyTorchStreamWriter& self, const std::string& name, const std::string& content,
             size_t size) {
            TORCH_CHECK(size <= content.size(), name, " has fewer bytes than are to be written");
            self.writeRecord(name, content.data(), size);
          })
      .def("write_end_of_file", [](PyTorchStreamWriter& self) { self.writeEndOfFile(); })
      .def("set_min_version",
          [](PyTorchStreamWriter& self, uint64_t version) { self.setMinVersion(version); })
      .def("archive_name", [](PyTorchStreamWriter& self) { return self.archiveName(); })
      .def("serialization_id", [](PyTorchStreamWriter& self) { return self.serializationId(); });
}
