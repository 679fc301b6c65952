#pragma once
#include <filesystem>

namespace albert {

// How many cores this process may use: those of its affinity mask, and no more than its control
// groups' CPU quota (cgroup v2 cpu.max, v1 cpu.cfs_quota_us), rounded to the nearest; at least 1.
int usable_cores();

// The least CPU quota, in cores, of the control groups that `root`/proc/self is in; infinity where
// there is none, or where nothing can be read.
double cpu_quota(const std::filesystem::path& root = "/");

}  // namespace albert
