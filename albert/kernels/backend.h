#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "albert/kernels/stream.h"

namespace albert::kernels {

Isa detect_isa();              // the best the machine has
const char* name_of(Isa isa);  // "generic", "avx2", "avx512"
bool detect_vnni(Isa isa);     // whether the machine extends it by VNNI, instructions for int8

enum class AttentionBackend : uint8_t { kOwn, kCudnn };

struct BackendOptions {
  Device device = Device::kCpu;
  int gpu = 0;                // kCuda: which
  bool tf32 = false;          // kCuda: matmuls of f32 round their operands to TF32, which is faster
  bool tune_matmuls = false;  // kCuda: cuBLASLt's candidates for a matmul are timed once, and the
                              // fastest is kept on disk for every later run
  AttentionBackend attention =
      AttentionBackend::kOwn;  // kCuda: kCudnn where attention_call.h can use it
  int threads = 0;             // kCpu: at most so many, and never more than usable_cores()
                               // (base/cores.h); 0: OMP_NUM_THREADS, else all of those
  Isa isa = detect_isa();      // lower it to compare instruction sets; higher than the machine's:
                               // Error(kNoDevice)
  bool vnni = true;            // VNNI where the machine extends `isa` by it
};

// Work that was captured once and can be replayed: on a GPU, a CUDA graph.
class CapturedStep {
 public:
  virtual ~CapturedStep() = default;
  virtual void replay() = 0;
};

// A queued copy to the host.
class PendingCopy {
 public:
  virtual ~PendingCopy() = default;
  virtual const void* wait() = 0;  // the bytes; valid while this object lives
};

// Memory and work queue of one device. Kernels never allocate: their memory comes from here.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual Stream stream() = 0;
  virtual std::string description()
      const = 0;  // "CPU, avx2, 2 threads"; "cuda:0, NVIDIA H200, 140 GiB"

  virtual int64_t gpu_memory() const {
    return 0;
  }  // bytes, used and free; 0: it shares the host's memory

  virtual size_t workspace_bytes() const {
    return 0;  // how much of Stream::workspace it wants
  }

  virtual void* allocate(
      size_t bytes) = 0;  // 256-byte aligned, zeroed; OutOfMemory, naming the size
  virtual void release(void* block, size_t bytes) noexcept = 0;

  // Whether the host may access what allocate() gives; if not, it uses the copies below. They run
  // after the work queued so far. copy_to_device() returns once `host` may be reused,
  // copy_to_host() once the bytes are there.
  virtual bool host_accessible() const = 0;
  virtual void copy_to_device(void* device, const void* host, size_t bytes) = 0;
  virtual void copy_to_host(void* host, const void* device, size_t bytes) = 0;
  // An asynchronous copy_to_host() on backends that have one; the others copy at once. Work queued
  // later may overwrite `device`.
  virtual std::unique_ptr<PendingCopy> start_copy_to_host(const void* device, size_t bytes);
  virtual void clear(void* device, size_t bytes) = 0;
  virtual void synchronize() = 0;  // returns when the queue is empty

  // Work given to stream() between these two is captured and not run. Copies to or from the host
  // are not allowed in between.
  virtual bool can_capture() const { return false; }
  virtual void begin_capture();
  virtual std::unique_ptr<CapturedStep> end_capture();

  // Kernels called through stream() are timed into `profile` from now on; null ends it. A stream
  // that was copied earlier is not affected.
  void profile_into(Profile* profile) { profile_ = profile; }
  // `observer` is shown every call from now on, unless the backend has an observer of its own; null
  // ends it.
  void observe(CallObserver* observer) { observer_ = observer; }

 protected:
  Profile* profile_ = nullptr;
  CallObserver* observer_ = nullptr;
};

std::string matmul_library();  // "oneDNN 2.6.3, avx512_core_bf16": name, version, and the
                               // instructions it will use

std::unique_ptr<Backend> make_backend(const BackendOptions& options);

// Owns memory of a Backend.
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
