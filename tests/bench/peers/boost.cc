/* boost.cc: boost GROUPS: takes the stack, without names. */
#include <boost/stacktrace.hpp>

#include "peer.h"

static volatile size_t taken;

static void call() {
    boost::stacktrace::stacktrace stack(0, 64);
    taken = taken + stack.size();
}

int main(int count, char **arguments) {
    return count == 2 ? peer_deeper(PEER_DEPTH, call, (unsigned) atoi(arguments[1])) * 0 : 2;
}
