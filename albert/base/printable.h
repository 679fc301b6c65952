#pragma once
// Names and texts from untrusted files, made fit for one line of an error message.
#include <string>
#include <string_view>

namespace albert {

// Control characters as \xNN, at most `max_bytes` of the text (cut between UTF-8 characters, then
// "...").
std::string printable(std::string_view text, size_t max_bytes = 100);

// printable() between double quotes.
std::string in_quotes(std::string_view text);

}  // namespace albert
