#include "ranvier/cli/program.hpp"

int main(int argc, char** argv) {
    return ranvier::run_program(argc, argv);
}
