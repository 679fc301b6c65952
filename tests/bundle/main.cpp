// What scripts/bundle ships: albert, albert-bench and the tests that a GPU must pass, as one
// program under three names, for the engine is most of each.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>

#include "apps/bench/command.h"
#include "apps/cli/program.h"

int main(int argc, char** argv) {
  const std::string name = std::filesystem::path(argv[0]).filename();
  if (name == "albert-tests") {
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
  }
  const std::vector<std::string> arguments{argv + 1, argv + argc};
  if (name == "albert-bench")
    return albert::apps::run_single(
        {"albert-bench", "how fast this machine runs ALBERT", albert::bench::declare_bench},
        arguments, std::cout, std::cerr);
  return albert::apps::run_program(arguments, std::cout, std::cerr);
}
