/* Programs built with sanitizers: their own reports and statuses stay as they are. */
#include <criterion/criterion.h>
#include <sys/personality.h>

#include "victim.h"

TestSuite(sanitized, .timeout = 60);

/* ThreadSanitizer wants the address space as it knows it. */
static void fixed_addresses(void) {
    personality(ADDR_NO_RANDOMIZE);
}

#define ADDRESS(how)                                                                                                   \
    .program = "sanitized_address", .arguments = {how}, .environment = {"ASAN_OPTIONS=verify_asan_link_order=0"},      \
    .any_errors = true, .prints = "begins"

VICTIM(sanitized, by_address_and_all_is_well, ADDRESS("well"))
VICTIM(sanitized, by_address_a_freed_block_is_read, ADDRESS("freed"), .death = "exit 1", .code = "AddressSanitizer",
       .origin = "read_freed", .tells = {"heap-use-after-free"})
VICTIM(sanitized, by_address_a_null_pointer_is_read, ADDRESS("null"), .death = "exit 1", .code = "AddressSanitizer",
       .origin = "read_freed", .tells = {"SEGV"})
VICTIM(sanitized, by_address_memory_leaks, ADDRESS("leak"), .death = "exit 1", .code = "AddressSanitizer")
VICTIM(sanitized, by_undefined_an_overflow, .program = "sanitized_undefined", .any_errors = true, .death = "exit 1",
       .code = "sanitizer", .origin = "overflow")
VICTIM(sanitized, by_thread_and_all_is_well, .program = "sanitized_thread", .prepare = fixed_addresses, .prints = "1\n")
VICTIM(sanitized, by_thread_a_race, .program = "sanitized_thread", .arguments = {"race"}, .prepare = fixed_addresses,
       .any_errors = true, .death = "exit 66", .code = "ThreadSanitizer", .origin = "work",
       .tells = {"ThreadSanitizer: data race in work"}, .racy = true)
