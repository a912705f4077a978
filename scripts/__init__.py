"""Scripts of the repository; tests take the ones that make documents."""
