/* victim: -s */
/* A program without symbols. */
int main(int argc, char **argv) {
    return *(volatile int *) (long) (argc - 1);
}
