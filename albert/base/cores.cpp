#include "albert/base/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace albert {
namespace {

namespace fs = std::filesystem;

constexpr double kNone = std::numeric_limits<double>::infinity();

bool lists(const std::string& comma_separated, const std::string& name) {
  return ("," + comma_separated + ",").find("," + name + ",") != std::string::npos;
}

// A hierarchy that can limit CPU time: version 2, or version 1's controller "cpu".
struct Hierarchy {
  bool v2;
  fs::path group;  // of its root, which is mounted at `mount_point`
  fs::path mount_point;
};

// The quota of one folder of a hierarchy, in cores.
double quota_of(const fs::path& folder, bool v2) {
  std::string quota;
  double period = 0;
  if (v2) {
    std::ifstream(folder / "cpu.max") >> quota >> period;
  } else {
    std::ifstream(folder / "cpu.cfs_quota_us") >> quota;
    std::ifstream(folder / "cpu.cfs_period_us") >> period;
  }
  const double microseconds = std::atof(quota.c_str());  // 0 of "max"; v1 says -1
  return microseconds > 0 && period > 0 ? microseconds / period : kNone;
}

// Where the process's group lies below the mount point. A container may see its own group mounted
// as the root and be told its path on the host: then it is the mount point itself.
fs::path folder_of(const Hierarchy& hierarchy, const fs::path& group) {
  const fs::path below = group.lexically_relative(hierarchy.group);
  if (below.empty() || *below.begin() == "..") return hierarchy.mount_point;
  return below == "." ? hierarchy.mount_point : hierarchy.mount_point / below;
}

// A group's quota binds all groups in it.
double least_quota(const fs::path& root, const Hierarchy& hierarchy, const fs::path& group) {
  double least = kNone;
  for (fs::path at = folder_of(hierarchy, group);; at = at.parent_path()) {
    least = std::min(least, quota_of(root / at.relative_path(), hierarchy.v2));
    if (at == hierarchy.mount_point || !at.has_relative_path()) return least;
  }
}

// A line of /proc/self/mountinfo: id parent device root mount-point options.. - type source options
bool parse_mount(const std::string& line, Hierarchy& hierarchy) {
  std::istringstream words(line);
  std::string word, group, mount_point, type, source, options;
  words >> word >> word >> word >> group >> mount_point;
  while (words >> word && word != "-") {
  }
  words >> type >> source >> options;
  hierarchy = {type == "cgroup2", group, mount_point};
  return hierarchy.v2 || (type == "cgroup" && lists(options, "cpu"));
}

// The process's group in a hierarchy: lines are id:controllers:path, 0::path for version 2.
std::string group_in(const Hierarchy& hierarchy, const fs::path& list) {
  std::ifstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (hierarchy.v2 ? controllers.empty() : lists(controllers, "cpu"))
      return line.substr(second + 1);
  }
  return "/";
}

}  // namespace

double cpu_quota(const fs::path& root) {
  double least = kNone;
  std::ifstream mounts(root / "proc/self/mountinfo");
  Hierarchy hierarchy;
  for (std::string line; std::getline(mounts, line);)
    if (parse_mount(line, hierarchy))
      least = std::min(
          least, least_quota(root, hierarchy, group_in(hierarchy, root / "proc/self/cgroup")));
  return least;
}

int usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const int cores = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return static_cast<int>(std::clamp(std::round(cpu_quota()), 1.0, static_cast<double>(cores)));
}

}  // namespace albert
