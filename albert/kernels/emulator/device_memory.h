#pragma once
#include <cstddef>
#include <cstdint>
#include <map>

namespace albert::kernels::simt {

// Blocks of memory that are accessible only while an Access lives.
class DeviceMemory {
 public:
  ~DeviceMemory();
  void* allocate(size_t bytes);  // zeroed; OutOfMemory beyond its limit
  void release(void* block) noexcept;
  bool holds(const void* data, size_t bytes) const;  // true if all of it lies inside one block
  void set_limit(size_t bytes) { limit_ = bytes; }
  int64_t limit() const { return static_cast<int64_t>(limit_); }
  size_t used() const { return used_; }

  class Access {
   public:
    explicit Access(DeviceMemory& memory);
    ~Access();
    Access(const Access&) = delete;
    Access& operator=(const Access&) = delete;

   private:
    DeviceMemory& memory_;
  };

 private:
  void protect(int rights) const;

  std::map<std::byte*, size_t> blocks_;
  size_t limit_ = PTRDIFF_MAX, used_ = 0;
  int accesses_ = 0;
};

}  // namespace albert::kernels::simt
