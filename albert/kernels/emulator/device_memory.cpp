#include "albert/kernels/emulator/device_memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <string>

#include "albert/base/error.h"

namespace albert::kernels::simt {
namespace {

size_t page_rounded(size_t bytes) { return (bytes + 4095) / 4096 * 4096; }

}  // namespace

DeviceMemory::~DeviceMemory() {
  for (const auto& [block, bytes] : blocks_) munmap(block, bytes);
}

void* DeviceMemory::allocate(size_t bytes) {
  const size_t size = page_rounded(bytes);
  const size_t free = limit_ - std::min(limit_, used_);
  if (size > free)
    throw OutOfMemory("an emulated GPU cannot get " + std::to_string(bytes) + " bytes of memory, " +
                          std::to_string(free) + " are free",
                      bytes, free);
  void* block = mmap(nullptr, size, accesses_ > 0 ? PROT_READ | PROT_WRITE : PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  used_ += size;
  blocks_.emplace(static_cast<std::byte*>(block), size);
  return block;
}

void DeviceMemory::release(void* block) noexcept {
  const auto at = blocks_.find(static_cast<std::byte*>(block));
  if (at == blocks_.end()) return;
  munmap(at->first, at->second);
  used_ -= at->second;
  blocks_.erase(at);
}

bool DeviceMemory::holds(const void* data, size_t bytes) const {
  const auto* begin = static_cast<const std::byte*>(data);
  const auto after = blocks_.upper_bound(const_cast<std::byte*>(begin));
  if (after == blocks_.begin()) return false;
  const auto& [block, size] = *std::prev(after);
  return begin + bytes <= block + size;
}

void DeviceMemory::protect(int rights) const {
  for (const auto& [block, bytes] : blocks_) mprotect(block, bytes, rights);
}

DeviceMemory::Access::Access(DeviceMemory& memory) : memory_(memory) {
  if (memory_.accesses_++ == 0) memory_.protect(PROT_READ | PROT_WRITE);
}
DeviceMemory::Access::~Access() {
  if (--memory_.accesses_ == 0) memory_.protect(PROT_NONE);
}

}  // namespace albert::kernels::simt
