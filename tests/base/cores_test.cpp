#include "albert/base/cores.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cmath>
#include <fstream>

namespace albert {
namespace {

namespace fs = std::filesystem;

// A made-up /proc and /sys of a process.
class Cores : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(::testing::TempDir()) /
            ::testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  double quota() const { return cpu_quota(root_); }

 private:
  fs::path root_;
};

constexpr const char* kVersion2 =
    "25 30 0:23 / /proc rw,relatime shared:14 - proc proc rw\n"
    "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

TEST_F(Cores, TheLeastQuotaUpTheTreeOfVersion2) {
  write("proc/self/mountinfo", kVersion2);
  write("proc/self/cgroup", "0::/system.slice/job.service\n");
  EXPECT_EQ(quota(), INFINITY);
  write("sys/fs/cgroup/system.slice/job.service/cpu.max", "max 100000\n");
  EXPECT_EQ(quota(), INFINITY);
  write("sys/fs/cgroup/system.slice/job.service/cpu.max", "250000 100000\n");
  EXPECT_EQ(quota(), 2.5);
  write("sys/fs/cgroup/system.slice/cpu.max", "75000 50000\n");
  EXPECT_EQ(quota(), 1.5);
}

// With a namespace of control groups the process's own group is the root.
TEST_F(Cores, TheRootOfAContainer) {
  write("proc/self/mountinfo", kVersion2);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota(), 0.5);
}

TEST_F(Cores, Version1) {
  write("proc/self/mountinfo",
        "40 30 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
        "41 30 0:31 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 master:2 - cgroup cgroup "
        "rw,cpu,cpuacct\n");
  write("proc/self/cgroup", "5:cpuset:/other\n4:cpu,cpuacct:/jobs/one\n0::/\n");
  const std::string group = "sys/fs/cgroup/cpu,cpuacct/jobs/one/";
  write(group + "cpu.cfs_quota_us", "-1\n");
  write(group + "cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(quota(), INFINITY);
  write(group + "cpu.cfs_quota_us", "300000\n");
  EXPECT_EQ(quota(), 3);
}

// Version 1 shows a container its own group as the root of the mount, and the path on the host.
TEST_F(Cores, TheGroupIsWhatIsMounted) {
  write("proc/self/mountinfo",
        "41 30 0:31 /docker/ab12 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000\n");
  write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("sys/fs/cgroup/cpu/inner/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu/inner/cpu.cfs_period_us", "100000\n");
  for (const auto& [group, expected] :
       {std::pair("/docker/ab12", 2.0), {"/docker/ab12/inner", 0.5}, {"/", 2.0}, {"/else", 2.0}}) {
    write("proc/self/cgroup", std::string("4:cpu:") + group + "\n");
    EXPECT_EQ(quota(), expected) << group;
  }
}

TEST_F(Cores, WhatCannotBeReadIsNoQuota) {
  EXPECT_EQ(quota(), INFINITY);
  write("proc/self/mountinfo", "x\n\n1 2 3 - cgroup2\n- - - cgroup cgroup cpu\n");
  write("proc/self/cgroup", "\n:\n0\n0:::\n");
  EXPECT_EQ(quota(), INFINITY);
  write("proc/self/mountinfo", kVersion2);
  write("sys/fs/cgroup/cpu.max", "many 0\n");
  EXPECT_EQ(quota(), INFINITY);
}

TEST_F(Cores, AreThoseOfTheAffinityMask) {
  cpu_set_t before, one;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  EXPECT_LE(usable_cores(), CPU_COUNT(&before));
  CPU_ZERO(&one);
  for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core)
    if (CPU_ISSET(core, &before)) CPU_SET(core, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(usable_cores(), 1);
  sched_setaffinity(0, sizeof before, &before);
}

}  // namespace
}  // namespace albert
