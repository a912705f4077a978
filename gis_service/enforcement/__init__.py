"""Joint enforcement: which houses the departments see together, and what each action found."""
