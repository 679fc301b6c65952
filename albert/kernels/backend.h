#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "albert/kernels/stream.h"

namespace albert::kernels {

Isa detect_isa();              // the best the machine has
const char* name_of(Isa isa);  // "generic", "avx2", "avx512"

enum class AttentionBackend : uint8_t { kOwn, kCudnn };

struct BackendOptions {
  Device device = Device::kCpu;
  int gpu = 0;        // kCuda: which
  bool tf32 = false;  // kCuda: matmuls of f32 round their operands to TF32, which is faster
  AttentionBackend attention =
      AttentionBackend::kOwn;  // kCuda: kCudnn where cudnn_attention.h takes it
  int threads = 0;             // 0: OMP_NUM_THREADS, else the cores this process may use
  Isa isa = detect_isa();      // lower it to compare instruction sets; higher than the machine's:
                               // Error(kNoDevice)
};

// Work that was queued once and can be queued again as a whole: on a GPU, a CUDA graph.
class CapturedStep {
 public:
  virtual ~CapturedStep() = default;
  virtual void replay() = 0;
};

// Bytes on their way to the host.
class PendingCopy {
 public:
  virtual ~PendingCopy() = default;
  virtual const void* wait() = 0;  // where they lie, as long as this lives
};

// Memory and queue of one device. Kernels never allocate; what they work on comes from here.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Stream stream() = 0;
  virtual std::string description()
      const = 0;  // "CPU, avx2, 2 threads"; "cuda:0, NVIDIA H200, 140 GiB"

  virtual int64_t gpu_memory() const {
    return 0;
  }  // bytes, used or free; 0: the host's memory is its own

  virtual size_t workspace_bytes() const {
    return 0;
  }  // what Stream::workspace had best be; less is slower

  virtual void* allocate(
      size_t bytes) = 0;  // 256-byte aligned, zeroed; OutOfMemory, naming the size
  virtual void release(void* block, size_t bytes) noexcept = 0;

  // Whether the host may touch what allocate() gives. Where not, these are its only ways to it. All
  // of them take place behind the work queued before; copies to the device have read `host` when
  // they return, copies to the host are done.
  virtual bool host_accessible() const = 0;
  virtual void copy_to_device(void* device, const void* host, size_t bytes) = 0;
  virtual void copy_to_host(void* host, const void* device, size_t bytes) = 0;
  // The same copy for results that the host wants later: where that can be, it is queued, and what
  // `device` holds may be overwritten by the work queued next.
  virtual std::unique_ptr<PendingCopy> start_copy_to_host(const void* device, size_t bytes);
  virtual void clear(void* device, size_t bytes) = 0;
  virtual void synchronize() = 0;  // returns when the queue is empty

  // What stream() is given between the two is recorded and not run; no copies to or from the host
  // in between.
  virtual bool can_capture() const { return false; }
  virtual void begin_capture();
  virtual std::unique_ptr<CapturedStep> end_capture();

  // From now on kernels called through stream() are timed into `profile`; null ends it. Streams
  // copied before are not.
  void profile_into(Profile* profile) { profile_ = profile; }
  // From now on `observer` is shown every call, where the backend has no observer of its own; null
  // ends it.
  void observe(CallObserver* observer) { observer_ = observer; }

 protected:
  Profile* profile_ = nullptr;
  CallObserver* observer_ = nullptr;
};

std::string matmul_library();  // "oneDNN 2.6.3, avx512_core_bf16": name, version, and the
                               // instructions it will use

std::unique_ptr<Backend> make_backend(const BackendOptions& options);

// Bytes of a Backend with a lifetime.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Backend& backend, size_t bytes)
      : backend_(&backend), data_(backend.allocate(bytes)), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() {
    if (backend_) backend_->release(data_, bytes_);
  }

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(backend_, other.backend_);
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
  }
  Backend* backend_ = nullptr;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace albert::kernels
