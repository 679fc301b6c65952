// A server as its clients see it: each endpoint, each refusal, slow clients, shutting down.
#include "albert/serving/server.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <thread>

#include "albert/heads/masked_lm.h"
#include "albert/inference/text_classifier.h"
#include "tests/support/answerers.h"
#include "tests/support/choosers.h"
#include "tests/support/classifiers.h"
#include "tests/support/files.h"
#include "tests/support/http_client.h"
#include "tests/support/taggers.h"

namespace albert::serving {
namespace {

using namespace albert::testing;
using namespace std::chrono_literals;
using nlohmann::json;

const std::string kSpiece = std::string(ALBERT_GOLDEN_DIR) + "/tokenizer/spiece.model";

class Servers : public ::testing::Test {
 protected:
  ~Servers() override { stop(); }
  void start(ServerOptions options = {}) {
    options.port = 0;
    server =
        std::make_unique<Server>(folder.path(), ModelOptions{.backend = {.threads = 1}}, options);
    thread = std::thread([this] { server->run(); });
  }
  void start_classifier(const ServerOptions& options = {},
                        const std::vector<std::string>& labels = {"bad", "good"}) {
    write_classifier(folder.path(), {{}, labels}, kSpiece);
    start(options);
  }
  void stop() {
    if (!server) return;
    server->stop();
    thread.join();
    server.reset();
  }
  int port() const { return server->port(); }
  HttpAnswer post(const std::string& path, const json& body) {
    return HttpClient(port()).post(path, body.dump());
  }
  HttpAnswer get(const std::string& path) { return HttpClient(port()).get(path); }

  TemporaryFolder folder;
  std::unique_ptr<Server> server;
  std::thread thread;
};

void expect_refused(const HttpAnswer& answer, int status, const std::string& says,
                    const std::string& type = "Validation") {
  EXPECT_EQ(answer.status, status) << answer.head << answer.body;
  EXPECT_NE(answer.error().find(says), std::string::npos) << answer.body;
  EXPECT_EQ(answer.error_type(), type) << answer.body;
  EXPECT_TRUE(answer.has("Content-Type: application/json")) << answer.head;
}

std::string words(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "film ";
  return text;
}

TEST_F(Servers, PredictGivesWhatTheClassifierGives) {
  start_classifier();
  auto classifier = TextClassifier::from_pretrained(folder.path(), {.backend = {.threads = 1}});
  const auto one = classifier.classify("a film"), two = classifier.classify("a film", "and more");
  const json answer = post("/predict", {{"inputs", "a film"}}).json();
  ASSERT_EQ(answer.size(), 2U) << answer;
  EXPECT_EQ(answer[0]["label"], one.label);
  EXPECT_NEAR(answer[0]["score"].get<double>(), one.score, 1e-6);
  EXPECT_NEAR(answer[0]["score"].get<double>() + answer[1]["score"].get<double>(), 1, 1e-6);
  const json pair = post("/predict", {{"inputs", {"a film", "and more"}}}).json();
  EXPECT_NEAR(pair[0]["score"].get<double>(), two.score, 1e-6);
  const json batch =
      post("/predict", {{"inputs", json::parse(R"([["a film"], ["a film", "and more"]])")},
                        {"raw_scores", true}})
          .json();
  ASSERT_EQ(batch.size(), 2U) << batch;
  EXPECT_NEAR(batch[1][0]["score"].get<double>(),
              *std::max_element(two.outputs.begin(), two.outputs.end()), 1e-5);
  EXPECT_GT(std::abs(one.score - two.score), 1e-4) << "the texts are alike";
}

TEST_F(Servers, RerankSortsTextsByScore) {
  start_classifier({}, {"relevance"});
  const json texts = {"one film", "a very long second text about trees", "third"};
  const json ranks =
      post("/rerank", {{"query", "film"}, {"texts", texts}, {"return_text", true}}).json();
  ASSERT_EQ(ranks.size(), 3U) << ranks;
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ranks[i]["text"], texts[ranks[i]["index"].get<size_t>()]);
    const json alone =
        post("/predict", {{"inputs", {"film", texts[ranks[i]["index"].get<size_t>()]}}}).json();
    EXPECT_NEAR(ranks[i]["score"].get<double>(), alone[0]["score"].get<double>(), 1e-6);
    if (i > 0) {
      EXPECT_GE(ranks[i - 1]["score"], ranks[i]["score"]);
    }
  }
  EXPECT_FALSE(post("/rerank", {{"query", "film"}, {"texts", texts}}).json()[0].contains("text"));
}

TEST_F(Servers, AnswersHavePlacesInTheContext) {
  write_answerer(folder.path(), kSpiece);
  start();
  const std::string context = "Ahab holds a harpoon. Queequeg holds a lamp.";
  const json question = {{"question", "What does Ahab hold?"}, {"context", context}};
  const json answer = post("/answer", {{"inputs", question}}).json();
  ASSERT_TRUE(answer.contains("answer")) << answer;
  const auto begin = answer["start"].get<size_t>(), end = answer["end"].get<size_t>();
  EXPECT_EQ(answer["answer"], context.substr(begin, end - begin));
  EXPECT_EQ(post("/answer", question).json(), answer) << "without inputs";
  const json both = post("/answer", {{"inputs", {question, question}}, {"top_k", 3}}).json();
  ASSERT_EQ(both.size(), 2U) << both;
  EXPECT_EQ(both[0].size(), 3U);
  EXPECT_EQ(both[0][0]["answer"], answer["answer"]);
  expect_refused(post("/answer", {{"question", " "}, {"context", "x"}}), 422, "question is empty");
  expect_refused(post("/answer", {{"question", "q"}}), 422, "body: context: is missing");
  expect_refused(post("/answer", {{"inputs", question}, {"top_k", 21}}), 422, "wanted 1 to 20");
}

TEST_F(Servers, EntitiesAndLabelsOfWords) {
  write_tagger(folder.path(), kSpiece, {"O", "B-PER", "I-PER"});
  start();
  const std::string text = "Ahab sails to London";
  const json entities =
      post("/entities", {{"inputs", text}, {"aggregation_strategy", "simple"}}).json();
  ASSERT_TRUE(entities.is_array()) << entities;
  for (const json& entity : entities) {
    const auto begin = entity["start"].get<size_t>(), end = entity["end"].get<size_t>();
    EXPECT_EQ(entity["word"], text.substr(begin, end - begin));
  }
  const json tagged = post("/entities", {{"words", {"Ahab", "sails"}}}).json();
  EXPECT_EQ(tagged["labels"].size(), 2U) << tagged;
  EXPECT_EQ(post("/entities", {{"inputs", {text, text}}}).json().size(), 2U);
  expect_refused(post("/entities", {{"inputs", text}, {"aggregation_strategy", "most"}}), 422,
                 "aggregation_strategy: found the string \"most\"");
}

TEST_F(Servers, ChoicesHaveProbabilities) {
  write_chooser(folder.path(), kSpiece);
  start();
  const json answer = post("/choose", {{"context", "Ahab holds a harpoon."},
                                       {"question", "What does Ahab hold?"},
                                       {"options", {"a harpoon", "a lamp", "nothing"}}})
                          .json();
  ASSERT_EQ(answer["probabilities"].size(), 3U) << answer;
  EXPECT_EQ(answer["score"], answer["probabilities"][answer["choice"].get<size_t>()]);
  expect_refused(post("/choose", {{"context", "x"}, {"question", "y"}, {"options", {"z"}}}), 422,
                 "wanted 2 or more");
}

class Embedders : public Servers {
 protected:
  void start_mask_filler() {
    AlbertForMaskedLM::from_config(small_config(), {.backend = {.threads = 1}})
        .save_pretrained(folder.path());
    std::filesystem::copy_file(kSpiece, folder / "spiece.model");
    start();
  }
};

TEST_F(Embedders, VectorsAreNormalizedCutAndEncodedAsWanted) {
  start_mask_filler();
  const auto length = [](const json& v) {
    double sum = 0;
    for (const json& x : v) sum += x.get<double>() * x.get<double>();
    return std::sqrt(sum);
  };
  const json unit = post("/embed", {{"inputs", {"a film", "the sea"}}}).json();
  ASSERT_EQ(unit.size(), 2U) << unit;
  ASSERT_EQ(unit[0].size(), 16U);
  EXPECT_NEAR(length(unit[0]), 1, 1e-6);
  const json raw = post("/embed", {{"inputs", "a film"}, {"normalize", false}}).json();
  EXPECT_GT(std::abs(length(raw[0]) - 1), 1e-3);
  EXPECT_NEAR(raw[0][3].get<double>() / length(raw[0]), unit[0][3].get<double>(), 1e-6);
  const json few = post("/embed", {{"inputs", "a film"}, {"dimensions", 4}}).json();
  ASSERT_EQ(few[0].size(), 4U);
  EXPECT_NEAR(length(few[0]), 1, 1e-6);

  const json openai =
      post("/v1/embeddings", {{"input", "a film"}, {"model", "any"}, {"user", "u"}}).json();
  EXPECT_EQ(openai["data"][0]["embedding"], unit[0]) << openai;
  EXPECT_EQ(openai["usage"]["prompt_tokens"], 4);
  const json coded =
      post("/v1/embeddings", {{"input", "a film"}, {"encoding_format", "base64"}}).json();
  const std::string text = coded["data"][0]["embedding"];
  EXPECT_EQ(text.size(), 88U) << "64 bytes in base64";
  EXPECT_EQ(text.substr(86), "==");

  const json scores =
      post("/similarity",
           {{"inputs", {{"source_sentence", "a film"}, {"sentences", {"a film", "the sea"}}}}})
          .json();
  ASSERT_EQ(scores.size(), 2U) << scores;
  EXPECT_NEAR(scores[0].get<double>(), 1, 1e-6);
  EXPECT_LT(scores[1].get<double>(), 1 - 1e-4);
  expect_refused(post("/embed", {{"inputs", "x"}, {"dimensions", 17}}), 422, "wanted 1 to 16");
  expect_refused(post("/embed", {{"inputs", "x"}, {"prompt_name", "query"}}), 422, "query");
  expect_refused(post("/embed", {{"inputs", "x"}, {"truncation_direction", "Left"}}), 422,
                 "truncation_direction");
}

TEST_F(Embedders, MasksAreFilled) {
  start_mask_filler();
  const json one = post("/fill-mask", {{"inputs", "a [MASK] film"}, {"top_k", 3}}).json();
  ASSERT_EQ(one.size(), 3U) << one;
  EXPECT_GE(one[0]["score"], one[1]["score"]);
  const json two = post("/fill-mask", {{"inputs", {"a [MASK] [MASK]", "the [MASK]"}}}).json();
  ASSERT_EQ(two.size(), 2U) << two;
  EXPECT_EQ(two[0].size(), 2U) << "of each mask";
  EXPECT_EQ(two[1].size(), 5U);
  const json targets = post("/fill-mask", {{"inputs", "a [MASK]"}, {"targets", {"film"}}}).json();
  ASSERT_EQ(targets.size(), 1U) << targets;
  EXPECT_EQ(targets[0]["token_str"], "film");
  expect_refused(post("/fill-mask", {{"inputs", "no mask"}}), 422, "[MASK]");
}

TEST_F(Servers, EveryModelTokenizesAndSaysWhatItIs) {
  start_classifier({.served_model = "films"});
  const json tokens = post("/tokenize", {{"inputs", {"a film", "b"}}}).json();
  ASSERT_EQ(tokens.size(), 2U) << tokens;
  EXPECT_EQ(tokens[0][0]["text"], "[CLS]");
  EXPECT_TRUE(tokens[0][0]["start"].is_null());
  EXPECT_EQ(tokens[0][2]["start"], 2);
  EXPECT_EQ(tokens[0][2]["stop"], 6);
  json ids = json::array();
  for (const json& token : tokens[0]) ids.push_back(token["id"]);
  EXPECT_EQ(post("/decode", {{"ids", ids}}).json(), json({"a film"}));
  EXPECT_EQ(
      post("/tokenize", {{"inputs", "a film"}, {"add_special_tokens", false}}).json()[0].size(),
      tokens[0].size() - 2);
  expect_refused(post("/decode", {{"ids", {30000}}}), 422, "wanted an id below 30000");

  const json info = get("/info").json();
  EXPECT_EQ(info["model_id"], "films");
  EXPECT_EQ(info["model_type"]["classifier"]["id2label"]["1"], "good");
  EXPECT_EQ(info["max_input_length"], 512);
  EXPECT_EQ(get("/health").status, 200);
  const HttpAnswer page = get("/");
  EXPECT_TRUE(page.has("text/html")) << page.head;
  EXPECT_NE(page.body.find("<title>albert serve</title>"), std::string::npos);
}

TEST_F(Servers, TheDescriptionNamesWhatThereIs) {
  start_classifier();
  const json openapi = get("/openapi.json").json();
  EXPECT_EQ(openapi["openapi"], "3.1.0");
  for (const std::string& path : server->paths())
    EXPECT_TRUE(openapi["paths"].contains(path.substr(path.find(' ') + 1))) << path;
  EXPECT_FALSE(openapi["paths"].contains("/embed"));
  // Every example is answered.
  for (const auto& [path, operations] : openapi["paths"].items())
    if (operations.contains("post")) {
      const HttpAnswer answer =
          post(path, operations["post"]["requestBody"]["content"]["application/json"]["example"]);
      EXPECT_EQ(answer.status, 200) << path << answer.body;
    }
}

TEST_F(Servers, MetricsCountRequestsAndBatches) {
  start_classifier();
  post("/predict", {{"inputs", "a film"}});
  post("/predict", {{"inputs", 7}});
  get("/nothing");
  const std::string metrics = get("/metrics").body;
  for (const char* line :
       {"albert_requests_total{endpoint=\"/predict\",status=\"200\"} 1\n",
        "albert_requests_total{endpoint=\"/predict\",status=\"422\"} 1\n",
        "albert_requests_total{endpoint=\"other\",status=\"404\"} 1\n",
        "albert_request_seconds_count{endpoint=\"/predict\"} 2\n", "albert_batch_texts_count 1\n",
        "albert_tokens_total 4\n", "albert_queue_texts 0\n", "albert_requests_in_flight 1\n"})
    EXPECT_NE(metrics.find(line), std::string::npos) << line << metrics;
  EXPECT_NE(metrics.find("process_resident_memory_bytes "), std::string::npos);
  EXPECT_NE(server->summary().find("4 requests, 2 of them errors"), std::string::npos);
}

TEST_F(Servers, BadRequestsAreRefusedByName) {
  start_classifier({.max_client_batch_size = 3, .payload_limit = 200'000});
  HttpClient client(port());  // all on one connection, which outlives them
  expect_refused(client.post("/predict", "{\"inputs\": \n oops}"), 400, "body:2:2: ");
  expect_refused(client.post("/predict", "{\"inputs\": NaN}"), 400, "body:1:12: ");
  expect_refused(client.post("/predict", "{\"inputs\": 1e999}"), 400, "body:1:17: ");
  expect_refused(client.post("/predict", "{\"inputs\": \"\xC3\x28\"}"), 400, "UTF-8");
  expect_refused(client.post("/predict", ""), 400, "body:1:1: ");
  expect_refused(client.post("/predict", std::string(100'000, '[')), 400, "nested deeper");
  expect_refused(client.post("/predict", "[1]"), 422, "body: found a list, wanted an object");
  expect_refused(client.post("/predict", "{\"inputs\": 7}"), 422,
                 "body: inputs: found the number 7");
  expect_refused(client.post("/predict", "{\"inputs\": [\"a\", \"b\", \"c\"]}"), 422,
                 "a batch is a list of lists");
  expect_refused(client.post("/predict", "{\"input\": \"a\"}"), 422,
                 "found the key \"input\", wanted one of inputs, truncate, raw_scores");
  expect_refused(client.post("/predict", "{\"inputs\": []}"), 400, "no text", "Empty");
  expect_refused(client.post("/predict", R"({"inputs": [["a"], ["b"], ["c"], ["d"]]})"), 413,
                 "found 4 texts, wanted at most 3");
  expect_refused(client.post("/predict", "{}"), 422, "body: inputs: is missing");
  expect_refused(client.post("/embed", "{\"inputs\": \"a\"}"), 424, "this model has no /embed",
                 "Backend");
  expect_refused(client.get("/nothing"), 404, "no such address");
  expect_refused(client.get("/predict"), 405, "wants POST");
  expect_refused(client.post("/predict", "{\"inputs\": \"a\"}", "Content-Type: text/plain\r\n"),
                 415, "wanted application/json");
  EXPECT_EQ(client.post("/predict", "{\"inputs\": \"a\"}").status, 200);
  EXPECT_EQ(client.post("/predict", "{\"inputs\": \"a\"}", "").status, 200);
}

TEST_F(Servers, LongTextsAreCutOnRequestAlone) {
  start_classifier({.payload_limit = 2'000'000});
  const std::string text = words(600);
  expect_refused(post("/predict", {{"inputs", text}}), 413, "more than 512 tokens");
  EXPECT_EQ(post("/predict", {{"inputs", text}, {"truncate", true}}).status, 200);
  EXPECT_EQ(post("/predict", {{"inputs", words(200'000)}, {"truncate", true}}).status, 200)
      << "a million characters";
  stop();
  start({.auto_truncate = true});
  EXPECT_EQ(post("/predict", {{"inputs", text}}).status, 200);
  expect_refused(post("/predict", {{"inputs", text}, {"truncate", false}}), 413, "tokens");
}

TEST_F(Servers, BodiesOverTheLimitAreRefusedBeforeTheyArrive) {
  start_classifier({.payload_limit = 1000});
  HttpClient client(port());
  client.send("POST /predict HTTP/1.1\r\nContent-Length: 100000000\r\n\r\n");
  expect_refused(client.receive(), 413, "more than 1000 bytes");
  HttpClient chunked(port());
  chunked.send("POST /predict HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFF\r\n");
  expect_refused(chunked.receive(), 413, "more than 1000 bytes");
  // A client that goes on sending still reads the answer.
  HttpClient stubborn(port());
  stubborn.send("POST /predict HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n");
  for (int i = 0; i < 10; ++i) stubborn.send(std::string(1000, 'x'));
  expect_refused(stubborn.receive(), 413, "more than 1000 bytes");
  EXPECT_TRUE(stubborn.ends());
}

TEST_F(Servers, HttpsOddForms) {
  start_classifier();
  HttpClient client(port());
  const std::string body = "{\"inputs\": \"a film\"}";
  client.send("POST /predict HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(client.receive().status, 100);
  client.send(body);
  const HttpAnswer usual = client.receive();
  EXPECT_EQ(usual.status, 200);
  char size[16];
  snprintf(size, sizeof size, "%zx", body.size());
  client.send("POST /predict?x=1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" +
              std::string(size) + "\r\n" + body + "\r\n0\r\n\r\n");
  const HttpAnswer chunked = client.receive();
  EXPECT_EQ(chunked.body, usual.body);
  // Two requests at once are answered in their order.
  client.send("GET /health HTTP/1.1\r\n\r\n" + HttpClient::post_bytes("/predict", body));
  EXPECT_EQ(client.receive().json()["status"], "ok");
  EXPECT_EQ(client.receive().body, usual.body);
  client.send("HEAD /health HTTP/1.1\r\n\r\n");
  client.send("GET /health HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.ends());
  for (const char* bad : {"GARBAGE\r\n\r\n", "GET / HTTP/1.1\n\n\r\n\r\n"}) {
    HttpClient broken(port());
    broken.send(bad);
    expect_refused(broken.receive(), 400, "");
    EXPECT_TRUE(broken.ends());
  }
  HttpClient old(port());
  old.send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive().status, 200);
  EXPECT_TRUE(old.ends());
}

TEST_F(Servers, AKeyIsAskedForWhereThereIsOne) {
  start_classifier({.api_key = "secret"});
  HttpClient client(port());
  for (const char* path :
       {"/info", "/metrics", "/openapi.json", "/nothing", "/embed", "/predict"}) {
    const HttpAnswer refused = client.get(path);
    expect_refused(refused, 401, "Bearer");
    EXPECT_TRUE(refused.has("WWW-Authenticate: Bearer"));
  }
  for (const char* wrong : {"Bearer secre", "Bearer secrets", "secret", "bearer secret", ""})
    EXPECT_EQ(client.get("/info", "Authorization: " + std::string(wrong) + "\r\n").status, 401)
        << wrong;
  EXPECT_EQ(client.get("/info", "Authorization: Bearer secret\r\n").status, 200);
  EXPECT_EQ(client.get("/health").status, 200);
  EXPECT_EQ(client.get("/").status, 200);
}

TEST_F(Servers, TwoHundredSlowClientsStallNobody) {
  start_classifier({.read_timeout = 1500ms, .keep_alive = 1500ms});
  std::vector<std::unique_ptr<HttpClient>> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(std::make_unique<HttpClient>(port()));
    ASSERT_TRUE(slow.back()->connected());
    if (i % 4 == 0) slow.back()->send("POST /pre");
    if (i % 4 == 1) slow.back()->send("POST /predict HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{");
    if (i % 4 == 2) slow.back()->send("GET /health HTTP/1.1\r\nX-Slow: ");
  }
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(post("/predict", {{"inputs", "a film"}}).status, 200);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 1400ms);
  // Drop by drop they keep nothing open: the whole request has its time.
  while (slow[0]->send("x") && std::chrono::steady_clock::now() - begin < 8s)
    std::this_thread::sleep_for(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 6s);
  expect_refused(slow[1]->receive(), 408, "did not arrive within 1500 ms");
  EXPECT_TRUE(slow[3]->ends()) << "a connection without a request";
  EXPECT_EQ(get("/health").status, 200);
}

TEST_F(Servers, IdleConnectionsMakeRoomAndBusyOnesAreTold) {
  start_classifier({.max_connections = 4});
  HttpClient a(port()), b(port()), c(port()), d(port());
  for (HttpClient* client : {&a, &b, &c, &d}) EXPECT_EQ(client->get("/health").status, 200);
  HttpClient fifth(port());
  EXPECT_EQ(fifth.get("/health").status, 200) << "an idle one has made room";
  EXPECT_TRUE(a.ends());
  for (HttpClient* client : {&b, &c, &d, &fifth}) client->send("GET /hea");
  std::this_thread::sleep_for(300ms);
  HttpClient sixth(port());
  expect_refused(sixth.receive(), 503, "too many connections", "Overloaded");
}

TEST_F(Servers, TooManyRequestsAreToldWhenToComeBack) {
  start_classifier({.max_batch_tokens = 512, .max_queued_tokens = 1100});
  std::vector<std::thread> clients;
  std::atomic<int> served = 0, refused = 0, others = 0;
  for (int i = 0; i < 32; ++i)
    clients.emplace_back([&] {
      const HttpAnswer answer = post("/predict", {{"inputs", words(600)}, {"truncate", true}});
      if (answer.status == 200)
        ++served;
      else if (answer.status == 429 && answer.has("Retry-After: 1"))
        ++refused;
      else
        ++others;
    });
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(others, 0);
  EXPECT_GT(served, 0);
  EXPECT_GT(refused, 0);
  expect_refused(post("/predict",
                      {{"inputs", json::array({json::array({words(600)}), json::array({words(600)}),
                                               json::array({words(600)})})},
                       {"truncate", true}}),
                 413, "1536 tokens, wanted at most 1100");
}

TEST_F(Servers, ARequestHasADeadline) {
  start_classifier({.max_batch_tokens = 512, .request_timeout = 1ms});
  json inputs = json::array();
  for (int i = 0; i < 32; ++i) inputs.push_back(json::array({words(600)}));
  expect_refused(post("/predict", {{"inputs", inputs}, {"truncate", true}}), 504,
                 "not computed before its deadline", "Overloaded");
}

TEST_F(Servers, ClientsThatLeaveAreForgotten) {
  start_classifier();
  for (int i = 0; i < 50; ++i) {
    HttpClient client(port());
    client.send(HttpClient::post_bytes("/predict", "{\"inputs\": \"a film\"}"));
    if (i % 2 == 0) client.send("POST /predict HTTP/1.1\r\nContent-Le");
  }
  const auto end = std::chrono::steady_clock::now() + 10s;
  std::string metrics;
  const auto is_quiet = [&] {
    return metrics.find("albert_connections 1\n") != std::string::npos &&
           metrics.find("albert_requests_in_flight 1\n") != std::string::npos;
  };
  do {
    metrics = get("/metrics").body;
  } while (!is_quiet() && std::chrono::steady_clock::now() < end);
  EXPECT_TRUE(is_quiet()) << metrics;
}

TEST_F(Servers, StoppingAnswersWhatWasReceived) {
  start_classifier({.max_batch_tokens = 512});
  std::vector<std::unique_ptr<HttpClient>> clients;
  const std::string body = json({{"inputs", words(600)}, {"truncate", true}}).dump();
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<HttpClient>(port()));
    clients.back()->send(HttpClient::post_bytes("/predict", body));
  }
  // Until all of them were received: they are served, or have been.
  HttpClient watcher(port());
  const auto value_of = [](const std::string& metrics, const std::string& name) {
    const size_t at = metrics.find("\n" + name + " ");
    return at == std::string::npos ? 0 : std::stol(metrics.substr(at + name.size() + 2));
  };
  const auto end = std::chrono::steady_clock::now() + 20s;
  int64_t received = 0;
  while (received < 40 && std::chrono::steady_clock::now() < end) {
    const std::string metrics = watcher.get("/metrics").body;
    received = value_of(metrics, "albert_requests_in_flight") - 1 +
               value_of(metrics, "albert_requests_total{endpoint=\"/predict\",status=\"200\"}");
  }
  ASSERT_GE(received, 40);
  server->stop();
  HttpClient late(port());
  const HttpAnswer refused = late.connected() ? late.get("/health") : HttpAnswer{};
  EXPECT_TRUE(refused.status == 503 || refused.status == 0) << refused.status;
  for (size_t i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i]->receive().status, 200) << i;
  thread.join();
  EXPECT_FALSE(HttpClient(server->port()).connected());
  server.reset();
}

TEST(ServerFolders, AHeadWithoutEndpointsAndOddOptionsAreRefused) {
  TemporaryFolder folder;
  write_classifier(folder.path(), {{}, {"a", "b"}}, kSpiece);
  const Refusal port = refusal_of([&] { Server(folder.path(), {}, {.port = 70000}); });
  EXPECT_EQ(port.code, ErrorCode::kUsage);
  EXPECT_EQ(port.what, "port 70000: wanted 0 to 65535");
  Server first(folder.path(), {}, {.port = 0});
  const Refusal taken = refusal_of([&] { Server(folder.path(), {}, {.port = first.port()}); });
  EXPECT_EQ(taken.code, ErrorCode::kIo);
  EXPECT_TRUE(taken.says("cannot listen: Address already in use")) << taken.what;
}

}  // namespace
}  // namespace albert::serving
