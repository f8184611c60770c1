#include "cli/stop_signal.h"

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace edgemoe::cli {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM};
volatile std::sig_atomic_t noted_signal = 0;  // a handler can reach nothing else

void note_signal(int signal) { noted_signal = signal; }

}  // namespace

StopSignal::StopSignal() {
  for (const int signal : kSignals) {
    struct sigaction action = {};
    struct sigaction before = {};
    action.sa_handler = note_signal;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // once
    // A signal that the process was started to ignore (nohup) stays ignored.
    if (sigaction(signal, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(signal, &action, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (const int signal : kSignals) {
    struct sigaction action = {};
    if (sigaction(signal, nullptr, &action) != 0 || action.sa_handler != note_signal) continue;
    action.sa_handler = SIG_DFL;
    sigaction(signal, &action, nullptr);
  }
  noted_signal = 0;
}

bool StopSignal::requested() const { return noted_signal != 0; }

void StopSignal::end_process() const {
  std::fflush(nullptr);
  const int signal = noted_signal;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(1);  // where the signal is blocked
}

}  // namespace edgemoe::cli
