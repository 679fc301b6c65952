#include "albert/serving/http/framing.h"

#include <gtest/gtest.h>

#include "albert/serving/http_error.h"

namespace albert::serving {
namespace {

constexpr FramingLimits kLimits{.head_bytes = 512, .target_bytes = 64, .body_bytes = 100};

// The size that a request has, byte by byte as at once, or the status that refuses it.
int framed(const std::string& bytes) {
  Framing at_once(kLimits), slowly(kLimits);
  int size = 0, slow_size = 0;
  try {
    size = static_cast<int>(at_once.complete_size(bytes));
  } catch (const HttpError& e) {
    size = -e.status();
  }
  try {
    for (size_t n = 1; n <= bytes.size() && slow_size == 0; ++n)
      slow_size = static_cast<int>(slowly.complete_size(std::string_view(bytes).substr(0, n)));
  } catch (const HttpError& e) {
    slow_size = -e.status();
  }
  EXPECT_EQ(size, slow_size) << bytes;
  return size;
}

std::string post(const std::string& headers, const std::string& body = "") {
  return "POST /embed HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

TEST(Framings, ARequestEndsWhereItsLengthSays) {
  const std::string get = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
  EXPECT_EQ(framed(get), static_cast<int>(get.size()));
  EXPECT_EQ(framed(get + "GET /"), static_cast<int>(get.size())) << "the next is not its own";
  const std::string with_body = post("content-length: 5\r\n", "hello");
  EXPECT_EQ(framed(with_body), static_cast<int>(with_body.size()));
  EXPECT_EQ(framed(with_body + "more"), static_cast<int>(with_body.size()));
  EXPECT_EQ(framed(with_body.substr(0, with_body.size() - 1)), 0);
  EXPECT_EQ(framed(get.substr(0, get.size() - 1)), 0);
}

TEST(Framings, ChunksEndWithAnEmptyOne) {
  const std::string chunked = post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(framed(chunked), static_cast<int>(chunked.size()));
  EXPECT_EQ(framed(chunked + "GET"), static_cast<int>(chunked.size()));
  EXPECT_EQ(framed(chunked.substr(0, chunked.size() - 2)), 0);
  for (const char* bad : {"5\r\nhelloX\r\n0\r\n\r\n", "x\r\n", "-1\r\n", "5;a=b\r\nhello\r\n",
                          "0\r\nTrailer: 1\r\n\r\n"})
    EXPECT_EQ(framed(post("Transfer-Encoding: chunked\r\n", bad)), -400) << bad;
  EXPECT_EQ(framed(post("Transfer-Encoding: chunked\r\n", "65\r\n")), -413);
  EXPECT_EQ(framed(post("Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF\r\n")), -413);
  EXPECT_EQ(framed(post("Transfer-Encoding: chunked\r\n", std::string(300, '0'))), -400);
}

TEST(Framings, WhatTwoReadersCouldReadDifferentlyIsRefused) {
  EXPECT_EQ(framed(post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello")), -400);
  EXPECT_EQ(framed(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "hello")), -400);
  EXPECT_EQ(framed(post("Transfer-Encoding: chunked, identity\r\n")), -501);
  EXPECT_EQ(framed(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), -501);
  for (const char* length : {"+5", "-5", "5 5", "5,5", "0x5", "", "99999999999999999999"})
    EXPECT_EQ(framed(post("Content-Length: " + std::string(length) + "\r\n", "hello")), -400)
        << length;
  EXPECT_EQ(framed("GET / HTTP/1.1\nHost: x\n\r\n\r\n"), -400) << "a bare line feed";
  EXPECT_EQ(framed(post("Content-Length : 5\r\n", "hello")), -400) << "a blank before the colon";
  EXPECT_EQ(framed(post(" folded: 5\r\n")), -400);
  EXPECT_EQ(framed(post("NoColon\r\n")), -400);
}

TEST(Framings, LimitsAreKeptBeforeTheBodyArrives) {
  EXPECT_EQ(framed(post("Content-Length: 101\r\n")), -413);
  EXPECT_EQ(framed(post("Content-Length: 18446744073709551615\r\n")), -413);
  EXPECT_GT(framed(post("Content-Length: 100\r\n", std::string(100, 'x'))), 0);
  EXPECT_EQ(framed(post("X: " + std::string(600, 'x') + "\r\n")), -431);
  EXPECT_EQ(framed(std::string(600, 'x')), -431) << "no line end at all";
  EXPECT_EQ(framed("GET /" + std::string(64, 'x') + " HTTP/1.1\r\n\r\n"), -414);
}

TEST(Framings, OtherRequestsAreRefusedByName) {
  EXPECT_EQ(framed(post("")), -411);
  EXPECT_EQ(framed(post("Content-Length: 1\r\nContent-Encoding: gzip\r\n")), -415);
  EXPECT_EQ(framed(post("Content-Length: 1\r\nExpect: tea\r\n")), -417);
  EXPECT_EQ(framed("GET / HTTP/2.0\r\n\r\n"), -505);
  for (const char* bad : {"GARBAGE\r\n\r\n", "GET /\r\n\r\n", " / HTTP/1.1\r\n\r\n",
                          "G(T / HTTP/1.1\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "\r\n\r\n"})
    EXPECT_EQ(framed(bad), -400) << bad;
}

TEST(Framings, AContinueIsAskedForOnce) {
  Framing framing(kLimits);
  const std::string head = post("Content-Length: 5\r\nExpect: 100-continue\r\n");
  EXPECT_FALSE(framing.take_continue());
  EXPECT_EQ(framing.complete_size(head), 0U);
  EXPECT_TRUE(framing.take_continue());
  EXPECT_FALSE(framing.take_continue());
  EXPECT_EQ(framing.complete_size(head + "hello"), head.size() + 5);
}

}  // namespace
}  // namespace albert::serving
