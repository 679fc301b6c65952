// Two threads add to one number without a lock: ThreadSanitizer must say so.
#include <cstdio>
#include <thread>

int main() {
  long sum = 0;
  const auto add = [&] {
    for (int i = 0; i < 100000; ++i) sum += i;
  };
  std::thread a(add), b(add);
  a.join();
  b.join();
  std::printf("%ld\n", sum);
}
