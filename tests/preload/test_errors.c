/* Errors that programs report themselves, through the API. */
#include <criterion/criterion.h>

#include "victim.h"

TestSuite(reporting, .timeout = 180);

VICTIM(reporting, one_error, .program = "reports_errors", .arguments = {"1", "0"}, .prints = "errno 77",
       .death = "exit 0", .code = "payment-declined", .kind = "error", .origin = "declined",
       .tells = {"payment 0 declined", "POST /pay", "4711"})
VICTIM(reporting, ten_errors, .program = "reports_errors", .arguments = {"10", "0"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 10)
VICTIM(reporting, ten_errors_before__exit, .program = "reports_errors", .arguments = {"10", "_exit"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 10)
VICTIM(reporting, from_eight_threads, .program = "reports_errors", .arguments = {"5", "0", "8"}, .death = "exit 0",
       .code = "payment-declined", .kind = "error", .reports = 40, .racy = true)
VICTIM(reporting, errors_before_a_crash, .program = "reports_errors", .arguments = {"5", "crash"}, .code = "SIGSEGV",
       .other_kinds = 5, .origin = "fault_here", .tells = {"it began well"})
VICTIM(reporting, errors_before_sigkill, .program = "reports_errors", .arguments = {"5", "kill"}, .death = "SIGKILL",
       .code = "KILLED", .other_kinds = 5, .afterwards = 6, .tells = {"it began well"})
VICTIM(reporting, nothing_sensible, .program = "ignores_null_arguments", .death = "exit 0", .code = "error",
       .kind = "error", .reports = 4, .prints = "0\n")
