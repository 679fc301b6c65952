#include <iostream>

#include "apps/cli/program.h"

int main(int argc, char** argv) {
  return albert::apps::run_program({argv + 1, argv + argc}, std::cout, std::cerr);
}
