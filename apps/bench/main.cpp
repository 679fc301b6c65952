#include <iostream>

#include "apps/bench/command.h"
#include "apps/cli/program.h"

int main(int argc, char** argv) {
  return albert::apps::run_single(
      {"albert-bench", "how fast this machine runs ALBERT", albert::bench::declare_bench},
      {argv + 1, argv + argc}, std::cout, std::cerr);
}
