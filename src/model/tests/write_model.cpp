// Writes a model with random weights for tests of whole programs: write_model FILE [SHAPE]
#include <iostream>

#include "synthetic_model.hpp"

int main(int argc, char** argv) {
    namespace testing = ec::model::testing;
    if (argc < 2) return 2;
    const auto shape = testing::shape(argc > 2 ? argv[2] : "tiny");
    const auto written =
        shape ? testing::write_synthetic_model(argv[1], *shape, testing::unpacked_ingredients(), 1) : ec::Status();
    if (shape && written) return 0;
    std::cerr << (shape ? written.error() : shape.error()).message << '\n';
    return 3;
}
