// The header in C++.
#include <cstdio>
#include <ranvier.h>

int main() {
    ranvier_network* network = nullptr;
    const int code = ranvier_open_network("there is no such file", &network);
    std::printf("%d %s\n", code, ranvier_last_error());
    return code == RANVIER_IO ? 0 : 1;
}
