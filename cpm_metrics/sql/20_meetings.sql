-- One row: a meeting and child within a period of care, any kind and state, and which row of its table tells of it. A meeting on two
-- rows of one ID covers two children.
CREATE TABLE placed_meetings AS
SELECT
    p.child_id, p.care_started, m.meeting_date, m.meeting_type, m.meeting_id, m.source || '-' || m.row AS meeting_key,
    m.meeting_type IN ('cpm', 'final_plan_cpm') AS is_cpm,
    state_of(m.meeting_date, m.status, m.status_text) AS state,
    m.source, m.row
FROM snap.meetings m
JOIN periods p
  ON p.child_id = m.child_id
 AND m.meeting_date >= CASE WHEN m.meeting_type = 'review' THEN p.care_started ELSE $before_care END
 AND (p.previous_ceased IS NULL OR m.meeting_date > p.previous_ceased)
 AND (p.care_ceased IS NULL OR m.meeting_date <= p.care_ceased);

-- The same with all that its row says.
CREATE VIEW timeline_meetings AS
SELECT
    p.care_started, m.* EXCLUDE (source, row), p.meeting_key, p.is_cpm, p.state,
    list_contains(s.columns, 'chair_role') AS has_chair_role,
    list_contains(s.columns, 'agreed_frequency') AS has_agreed_frequency,
    list_contains(s.columns, 'also_placement_planning') AS has_also_placement_planning,
    list_contains(s.columns, 'plan_change') AS has_plan_change,
    list_contains(s.columns, 'plan_updated') AS has_plan_updated,
    list_contains(s.columns, 'iro_informed') AS has_iro_informed,
    list_contains(s.columns, 'minutes_distributed') AS has_minutes_distributed,
    list_contains(s.columns, 'minutes_uploaded') AS has_minutes_uploaded,
    list_contains(s.columns, 'minutes_on_cpr') AS has_minutes_on_cpr,
    list_contains(s.columns, 'attendee_roles') AS has_attendee_roles,
    list_contains(s.columns, 'domains') AS has_domains,
    m.source, m.row
FROM placed_meetings p
JOIN snap.meetings m ON m.source = p.source AND m.row = p.row
JOIN snap.sources s ON s.source = p.source;

-- One row: a Care Planning Meeting that was held, of either kind, and child, with all that its row says.
CREATE VIEW told_cpms AS
FROM timeline_meetings WHERE is_cpm AND state = 'held';

-- The same with what many rules ask: no names, lists or texts.
CREATE TABLE held_cpms AS
SELECT * EXCLUDE (meeting_type_text, status, status_text, chair, chair_role_text, purpose, working_well, worried_about, needs_to_happen,
    attendees, attendee_roles, attendee_roles_text, domains, domains_text, plan_change_text, is_cpm, state)
FROM told_cpms;

-- One row: a day on which a child's CPM was held, in a period of care. Of every day from `opens` on, it is the earliest held CPM.
CREATE TABLE cpm_days AS
SELECT *, row_number() OVER period AS n, coalesce(lag(meeting_date) OVER period + 1, DATE '0001-01-01') AS opens
FROM (SELECT child_id, care_started, meeting_date, min(meeting_id) AS meeting_id FROM held_cpms GROUP BY ALL)
WINDOW period AS (PARTITION BY child_id, care_started ORDER BY meeting_date);

-- One row: a period of care in which a CPM was held, with the first one.
CREATE VIEW first_cpm AS
SELECT * FROM cpm_days WHERE n = 1;

-- One row: a meeting that plans a placement (its own kind, or a CPM marked so), held.
CREATE VIEW placement_meetings AS
SELECT child_id, care_started, meeting_date, meeting_id FROM placed_meetings WHERE state = 'held' AND meeting_type = 'placement_planning'
UNION ALL
SELECT child_id, care_started, meeting_date, meeting_id FROM held_cpms WHERE also_placement_planning;
