// Plays the script. Usage: conformance simulated | conformance real BROKERS PREFIX
#include <iostream>
#include <string_view>

#include "real_world.h"
#include "script.h"
#include "simulated_world.h"

int main(int argc, char** argv) {
  using namespace semel::conformance;
  const std::string_view kind = argc > 1 ? argv[1] : "";
  const auto play = [](World& world) { Script(world).Run(); };
  if (kind == "simulated") return InSimulatedWorld(play) ? 0 : 1;
  if (kind == "real" && argc == 4) return InRealWorld(argv[2], argv[3], play) ? 0 : 1;
  std::cerr << "usage: conformance simulated | conformance real BROKERS PREFIX\n";
  return 2;
}
