// Writes one element past an array: AddressSanitizer must say so.
#include <vector>

int main(int argc, char**) {
  std::vector<float> values(4);
  values.data()[3 + argc] = 1;
}
