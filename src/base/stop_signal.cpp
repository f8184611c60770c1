#include "base/stop_signal.h"

#include <fcntl.h>
#include <sys/poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ios>

namespace edgemoe {
namespace {

constexpr std::array kSignals = {SIGINT, SIGTERM};
// A handler can reach nothing else.
volatile std::sig_atomic_t noted_signal = 0;
volatile std::sig_atomic_t wake_descriptor = -1;

void note_signal(int signal) {
  noted_signal = signal;
  [[maybe_unused]] const ssize_t written = ::write(wake_descriptor, "", 1);
}

}  // namespace

StopSignal::StopSignal() {
  if (::pipe2(pipe_, O_CLOEXEC | O_NONBLOCK) == 0) wake_descriptor = pipe_[1];
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
  wake_descriptor = -1;
  for (const int end : pipe_) {
    if (end >= 0) ::close(end);
  }
}

bool StopSignal::requested() const { return noted_signal != 0; }

void StopSignal::end_process() const {
  std::fflush(nullptr);
  const int signal = noted_signal;
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(1);  // where the signal is blocked
}

std::streamsize StoppableInput::xsgetn(char* out, std::streamsize count) {
  std::streamsize done = 0;
  while (done < count) {
    pollfd wait[2] = {{STDIN_FILENO, POLLIN, 0}, {stop_.descriptor(), POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0 && errno != EINTR) break;
    if (stop_.requested()) break;
    const ssize_t got = ::read(STDIN_FILENO, out + done, static_cast<std::size_t>(count - done));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got < 0) throw std::ios_base::failure("read");  // istream makes badbit of it
    if (got == 0) break;
    done += got;
  }
  return done;
}

}  // namespace edgemoe
