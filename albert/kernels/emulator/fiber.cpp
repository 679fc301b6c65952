#include "albert/kernels/emulator/fiber.h"

#include <sys/mman.h>

#include <new>

namespace albert::kernels::simt {
namespace {

constexpr size_t kPage = 4096, kStackBytes = 64 * 1024;
constexpr size_t kSavedRegisters = 6;

}  // namespace

FiberStack::FiberStack() {
  void* block = mmap(nullptr, kPage + kStackBytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  mprotect(block, kPage, PROT_NONE);
  base_ = static_cast<std::byte*>(block);
}

FiberStack::~FiberStack() { munmap(base_, kPage + kStackBytes); }

void* FiberStack::prepare(void (*entry)()) const {
  // Lays out what switching away leaves on a stack: registers, the address to continue at, and
  // above it a return address, which aligns the stack.
  auto** top = reinterpret_cast<void**>(base_ + kPage + kStackBytes);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(entry);
  for (size_t i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  return top;
}

}  // namespace albert::kernels::simt

__asm__(R"(
.text
.globl albert_simt_switch
.type albert_simt_switch, @function
albert_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size albert_simt_switch, .-albert_simt_switch
)");
