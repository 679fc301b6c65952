#pragma once
#include "apps/commands.h"

namespace albert::bench {

apps::Runner declare_bench(apps::Command& command);

}  // namespace albert::bench
