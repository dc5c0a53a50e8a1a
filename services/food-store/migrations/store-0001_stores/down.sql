DROP TABLE queued_order;
DROP TABLE menu;
DROP TABLE store;
