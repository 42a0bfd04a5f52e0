"""What is read off a system: contacts, stresses, frames."""
