"""What leaders and helpers see at the pickup point. The rules beside it know nothing of pages."""
