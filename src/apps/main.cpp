#include <iostream>
#include <string>
#include <vector>

#include "cli.hpp"

int main(int argc, char** argv) {
    std::ios::sync_with_stdio(false);
    return ec::apps::run_cli(argc, argv, std::cout, std::cerr);
}
