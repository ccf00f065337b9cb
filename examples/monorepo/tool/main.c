#include <stdio.h>

int main(int argc, char **argv) {
  printf("hello from a program with nothing else in its image, %s\n", argc > 1 ? argv[1] : "whoever you are");
  return 0;
}
