// Overflows an int: UndefinedBehaviorSanitizer must say so.
#include <climits>
#include <cstdio>

int main(int argc, char**) { std::printf("%d\n", INT_MAX + argc); }
