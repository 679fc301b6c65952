#pragma once
// Stacks that a thread can leave and come back to. x86-64, System V.
#include <cstddef>

namespace albert::kernels::simt {

// A stack with a guard page below it.
class FiberStack {
 public:
  FiberStack();
  ~FiberStack();
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;

  // The saved stack pointer of a fiber that will call `entry`, which must never return.
  void* prepare(void (*entry)()) const;

 private:
  std::byte* base_;
};

}  // namespace albert::kernels::simt

// Saves the caller's registers on its stack and its stack pointer in *from, then continues where
// `to` was saved.
extern "C" void albert_simt_switch(void** from, void* to);
