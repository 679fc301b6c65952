// albert serve as a process: what it says, how it stops, what it refuses.
#include <fcntl.h>

#include <atomic>
#include <csignal>
#include <thread>

#include "tests/support/classifiers.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

namespace albert::testing {
namespace {

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Serve : public ::testing::Test {
 protected:
  Serve() { write_classifier(folder.path(), {{}, {"bad", "good"}}, kSpiece); }
  ~Serve() override {
    if (child > 0) kill(child, SIGKILL);
    if (child > 0) waitpid(child, nullptr, 0);
  }

  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> all = {ALBERT_PROGRAM, "serve", "--model",  folder.path(),
                                    "--port",       "0",     "--device", "cpu",
                                    "--threads",    "1"};
    all.insert(all.end(), more.begin(), more.end());
    child = fork();
    if (child == 0) {
      dup2(open((folder / "out").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), 1);
      dup2(open((folder / "err").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600), 2);
      std::vector<char*> arguments;
      for (std::string& argument : all) arguments.push_back(argument.data());
      arguments.push_back(nullptr);
      execv(arguments[0], arguments.data());
      _exit(127);
    }
    for (int i = 0; i < 500 && port == 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      const std::string out = read_bytes(folder / "out");
      const size_t at = out.find("http://127.0.0.1:");
      if (at != std::string::npos && out.back() == '\n') port = std::stoi(out.substr(at + 17));
    }
    ASSERT_NE(port, 0) << read_bytes(folder / "err");
  }
  int wait() {
    int status = 0;
    waitpid(child, &status, 0);
    child = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  TemporaryFolder folder;
  pid_t child = 0;
  int port = 0;
};

TEST_F(Serve, SaysWhatItServesAndLogsOnRequest) {
  start({"--access_log"});
  EXPECT_EQ(HttpClient(port).post("/predict", "{\"inputs\": \"a film\"}").status, 200);
  kill(child, SIGINT);
  EXPECT_EQ(wait(), 0);
  const std::string err = read_bytes(folder / "err");
  EXPECT_NE(err.find("albert: endpoints: POST /predict, "), std::string::npos) << err;
  EXPECT_NE(err.find("\"path\":\"/predict\",\"status\":200"), std::string::npos) << err;
  EXPECT_NE(err.find("albert: stopped; everything that was received is answered"),
            std::string::npos);
}

// Clients that send one request after the other while the server is told to stop: each request from
// before is answered, with 200, or 503 where it came too late.
TEST_F(Serve, SigtermUnderLoadLosesNothing) {
  start({"--quiet"});
  std::atomic<int> answered = 0, refused = 0, lost = 0;
  std::atomic<bool> told = false;
  std::vector<std::thread> clients;
  for (int i = 0; i < 16; ++i)
    clients.emplace_back([&] {
      for (int n = 0; n < 100'000; ++n) {
        const bool late = told;
        HttpClient client(port);
        const HttpAnswer answer = client.post("/predict", "{\"inputs\": \"a film\"}");
        if (answer.status == 200) ++answered;
        if (answer.status == 503) ++refused;
        if (answer.status == 0 && !late) ++lost;
        if (answer.status != 200) return;
      }
    });
  while (answered < 200) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  told = true;
  kill(child, SIGTERM);
  EXPECT_EQ(wait(), 0);
  for (std::thread& client : clients) client.join();
  EXPECT_GE(answered, 200);
  EXPECT_EQ(lost, 0);
  EXPECT_GT(refused, 0) << "nobody was told";
}

TEST_F(Serve, AKeyComesFromTheEnvironment) {
  setenv("ALBERT_API_KEY", "secret", 1);
  start();
  unsetenv("ALBERT_API_KEY");
  EXPECT_EQ(HttpClient(port).get("/info").status, 401);
  EXPECT_EQ(HttpClient(port).get("/info", "Authorization: Bearer secret\r\n").status, 200);
}

TEST_F(Serve, WhatCannotBeServedIsRefused) {
  const auto refused = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "serve");
    return run_albert(arguments);
  };
  EXPECT_EQ(refused({}).code, 2);
  EXPECT_EQ(refused({"--model", folder / "nothing"}).code, 66);
  EXPECT_EQ(refused({"--model", folder.path(), "--port", "70000"}).code, 2);
  EXPECT_EQ(refused({"--model", folder.path(), "--request_timeout", "0"}).code, 2);
  start();
  const Outcome taken = refused({"--model", folder.path(), "--port", std::to_string(port)});
  EXPECT_EQ(taken.code, 74);
  EXPECT_TRUE(taken.says("cannot listen: Address already in use")) << taken.err;
  const Outcome nowhere = refused({"--model", folder.path(), "--host", "no.such.host.invalid"});
  EXPECT_EQ(nowhere.code, 74) << nowhere.err;
}

}  // namespace
}  // namespace albert::testing
