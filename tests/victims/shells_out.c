/* system() and popen(), with commands that crash, fail and end well. */
#include <stdio.h>
#include <stdlib.h>

int main(void) {
    char line[64];
    printf("%x\n", system("exit 0"));
    printf("%x\n", system("exit 3"));
    printf("%x\n", system("kill -SEGV $$"));
    printf("%x\n", system("exit 4"));
    FILE *pipe = popen("echo out; kill -SEGV $$", "r");
    while (fgets(line, sizeof line, pipe))
        printf("%s", line);
    printf("%x\n", pclose(pipe));
    return 0;
}
