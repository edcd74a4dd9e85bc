"""The programs of contenders that come as a recipe, not as a program."""
